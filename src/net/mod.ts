/**
 * What is here: TCP and Unix-domain connections, TLS, certificates, the deadlines of connections, and the DNS.
 * Who may import it: actors (listener, delivery), admin (control socket), workers and main.
 * It must never know a protocol: it moves bytes, counts them and closes in time.
 */
export * from "./address.ts";
export { askService, type ServiceAddress, type ServiceQuestion } from "./ask_service.ts";
export * from "./certificate.ts";
export { ConnectionCounts } from "./connection_counts.ts";
export { type DeflateHandlers, DeflateLayer } from "./deflate.ts";
export * from "./dns/mod.ts";
export { dial, type DialOptions, type DialTls } from "./dial.ts";
export { serverEndPoint } from "./end_point.ts";
export { httpsGet, type HttpsGetOptions } from "./https_get.ts";
export { listen, type Listener, type ListenOptions } from "./listen.ts";
export { ListeningSockets } from "./listening_sockets.ts";
export { type Networks, parseNetworks } from "./networks.ts";
export * from "./self_signed.ts";
export { type CertificatePair, createTlsContext, type TlsContextHolder, type TlsMaterial } from "./tls_context.ts";
export * from "./types.ts";
export { connectUnix, listenUnix, type ListenUnixOptions } from "./unix.ts";
export * from "./wheel.ts";
