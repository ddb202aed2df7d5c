/** Where one service listens. */
export interface ListenerConfig {
  /**
   * `smtp`: mail from other servers for our users; `submission`: mail from our users, who log in, to everybody (RFC 6409);
   * `pop3`, `imap`: reading; `lmtp`: mail from another mail server on a trusted network (RFC 2033).
   */
  readonly service: "smtp" | "submission" | "pop3" | "imap" | "lmtp";
  /** Address to bind, as text. Default `127.0.0.1`. */
  readonly host: string;
  /** TCP port, 0 to 65,535; 0 takes any free one and needs `workers.listener: 1`. */
  readonly port: number;
  /** `none`: never TLS; `starttls`: plain first, upgraded by STARTTLS or STLS; `implicit`: TLS from the first byte. Default `starttls`. */
  readonly tls: "none" | "starttls" | "implicit";
  /**
   * Networks of proxies, as `192.0.2.0/24` or one address. With any, only they may connect, and each must name its client by
   * HAProxy's PROXY protocol, version 1 or 2, before TLS. Default none.
   */
  readonly proxies: readonly string[];
  /**
   * Networks of SMTP proxies that may say by XCLIENT for whom they speak, and on submission ports also, by LOGIN, who has logged in at
   * them: what they say of that is believed without a password. Default none.
   */
  readonly xclient: readonly string[];
}

/** Somebody whose tokens let our users in (OAUTHBEARER and XOAUTH2), such as an OpenID Connect provider. */
export interface IssuerConfig {
  /** Its name, as its tokens have it in `iss`. */
  readonly issuer: string;
  /** Whom a token must be meant for, as it has it in `aud`. */
  readonly audience: string;
  /** The claim that holds the account's full address. Default `email`. */
  readonly addressClaim: string;
  /**
   * File of its public keys, a JSON Web Key Set (RFC 7517 §5), relative to the working directory; read at the start. The server
   * does not fetch keys: what renews the file restarts the server.
   */
  readonly jwksFile: string;
}

/** Limits of one SMTP session. */
export interface SmtpLimitsConfig {
  /** Largest message in bytes, told to clients as SIZE (RFC 1870); at most 104,857,600. Default 52,428,800 (50 MiB). */
  readonly messageBytesMax: number;
  /** Recipients of one message; RFC 5321 §4.5.3.1.8 asks for 100 at least. Default 1,000. */
  readonly recipientsMax: number;
  /** Wrong commands and refused recipients in one session before it is closed. Default 20. */
  readonly errorsMax: number;
  /** Longest time that a user may have a mail held back, in seconds (FUTURERELEASE, RFC 4865); 0 does not offer it. Default 2,678,400 (31 days). */
  readonly holdSecondsMax: number;
  /** Refused logins before a submission session is closed. Default 3. */
  readonly loginFailuresMax: number;
}

/** Limits of one POP3 session. */
export interface Pop3LimitsConfig {
  /** Commands that made no sense before the session is closed. Default 10. */
  readonly errorsMax: number;
  /** Refused logins before the session is closed. Default 3. */
  readonly loginFailuresMax: number;
  /** Least time between two logins to one account, in seconds, told to clients as LOGIN-DELAY (RFC 2449 §6.5). Default 0. */
  readonly loginDelaySeconds: number;
}

/** Bounds of an IMAP session. */
export interface ImapLimitsConfig {
  /** Commands that make no sense after which a session of a user ends (that of a stranger after 3). Default 20. */
  readonly errorsMax: number;
  /** Failed logins after which a session ends. Default 3. */
  readonly loginFailuresMax: number;
  /** Largest message that APPEND takes, in bytes (RFC 7889). Default 50 MiB. */
  readonly appendBytesMax: number;
  /**
   * Messages that one COPY or APPEND may have, announced as SAVELIMIT (RFC 9738): 1,000, and no other number. Fewer may not be announced.
   * More would have to hold for APPEND, too, which is all or none (RFC 3502 §6.3.11): its messages lie in memory until the last has come,
   * and what announces them, with flags and dates, has to fit one command, as that of 1,000 does. Neither is ever stored in parts. 0:
   * nothing is announced; one COPY takes 100,000 then, of which nothing lies in memory, and one APPEND 250. Default 0.
   */
  readonly saveMessagesMax: number;
  /**
   * Messages that any one command may have, announced as MESSAGELIMIT (RFC 9738): 1,000, for the same reasons. FETCH, STORE, MOVE, SEARCH
   * and UID EXPUNGE do what they should with the last so many alone and say so; COPY, APPEND, SORT and THREAD of more are refused.
   * RFC 9738 §4 warns of clients that do not know it: they take a part for the whole, and neither show nor search older messages. 0: no
   * such limit. Default 0.
   */
  readonly commandMessagesMax: number;
}

/**
 * What a client may take in a minute or an hour: so much at once, and as much again in each further one; 0 is no limit. Each
 * listener worker counts for itself, so a client may get as many times as much as there are listener workers. Beyond it
 * connections are answered 421 4.7.0 (-ERR), recipients and messages 450 4.7.1. Addresses are IPv4 addresses and IPv6 /64s.
 */
export interface RatesConfig {
  /** Connections from one address a minute, of all services together. Default 300. */
  readonly connectionsPerMinute: number;
  /** Messages from one address a minute, of clients that have not logged in. Default 600. */
  readonly messagesPerMinute: number;
  /** Recipients named by one address a minute, refused ones included, without a login. Default 6,000. */
  readonly recipientsPerMinute: number;
  /** Refused commands of one address a minute; then its session ends and new ones are refused until the rate has come down. Default 300. */
  readonly errorsPerMinute: number;
  /** How many times as much as one address its network (IPv4 /24, IPv6 /48) may take in all; 0: no limit on networks. Default 8. */
  readonly networkFactor: number;
  /** Messages of one account an hour, by clients that have logged in, wherever they are. Default 2,000. */
  readonly accountMessagesPerHour: number;
  /** Recipients named by one account an hour. Default 20,000. */
  readonly accountRecipientsPerHour: number;
}

/** How long each step may take. */
export interface TimeoutsConfig {
  /** How long the SMTP greeting is held back, in ms; a client that speaks before it is sent away (554). 0 greets at once. Default 0. */
  readonly smtpGreetDelayMs: number;
  /** Longest wait for an SMTP command, in ms (RFC 5321 §4.5.3.2.7: five minutes). Default 300,000. */
  readonly smtpCommandMsMax: number;
  /** Longest pause inside a message, in ms (RFC 5321 §4.5.3.2.5: three minutes). Default 180,000. */
  readonly smtpDataMsMax: number;
  /** Slowest rate at which a message may arrive after the first 30 s, in bytes a second. Default 100. */
  readonly smtpDataBytesPerSecondMin: number;
  /** Inactivity after which a POP3 session ends, in ms (RFC 1939 §3: ten minutes at least). Default 600,000. */
  readonly pop3IdleMsMax: number;
  /** Longest wait for a login before a POP3 session ends, in ms. Default 60,000. */
  readonly pop3LoginMsMax: number;
  /** Inactivity after which an IMAP session ends, also within IDLE, in ms (RFC 9051 §5.4: 30 minutes at least). Default 1,800,000. */
  readonly imapIdleMsMax: number;
  /** Longest wait for a login before an IMAP session ends, in ms. Default 60,000. */
  readonly imapLoginMsMax: number;
  /** Longest that sessions may go on after a drain began, in ms. Default 10,000. */
  readonly drainMsMax: number;
}

/** Where mail for a domain is handed on to, instead of the hosts that DNS names. */
export interface RouteConfig {
  /** A domain, `.domain` for all names below it, or `*` for everything without a route of its own. */
  readonly domain: string;
  /** Host name or address. */
  readonly host: string;
  /** TCP port. Default 25. */
  readonly port: number;
  /**
   * `opportunistic`: STARTTLS if offered, unchecked, or what TLSA records of `host` demand (`dane`); `required`: STARTTLS with a
   * certificate that is valid for `host`;
   * `implicit`: TLS from the first byte, likewise; `none`. Default `opportunistic`.
   */
  readonly tls: "none" | "opportunistic" | "required" | "implicit";
  /** Name to log in with; null: no login. Default null. */
  readonly user: string | null;
  /** Its password, by reference: `file:PATH` or `env:NAME`. Default null. */
  readonly secret: string | null;
}

/** A list in the DNS that names addresses of mail servers (RFC 5782). */
export interface DnsListConfig {
  /** The domain that is asked, in lower case and without the final dot; at most 189 characters. */
  readonly zone: string;
  /** `block`: whom it names is refused (550 5.7.1); `allow`: whom it names is not, whatever block lists say. */
  readonly kind: "block" | "allow";
  /**
   * Answers that count, as `127.0.0.2`; empty: all of 127.0.0.0/8. Those of 127.255.255.0/24 never count: they are errors, such
   * as that the list does not serve our name server. Default empty.
   */
  readonly codes: readonly string[];
  /** What clients and the log are told instead of the zone, which may hold a customer's key; null: the zone. Default null. */
  readonly name: string | null;
}

/** A scanner of content, which mail it is shown, and what becomes of mail that it could not look at. */
export interface ScannerConfig {
  /** Host name or address; what goes there is not encrypted, so it is this machine or one behind a safe line. Default `127.0.0.1`. */
  readonly host: string;
  /** TCP port. Default 11333 for rspamd, 3310 for ClamAV. */
  readonly port: number;
  /**
   * Absolute path of a Unix socket to use instead of `host` and `port`; null: none. The worker that asks scanners, which has no
   * files else, is then given the right to read and write at this one path. Default null.
   */
  readonly socket: string | null;
  /**
   * `incoming`: mail from other servers; `outgoing`: mail of our own users; `both`. Mail that comes by LMTP is not scanned: the
   * server that took it has to do that while it still can refuse it. Default `incoming` for rspamd, `both` for ClamAV.
   */
  readonly scan: "incoming" | "outgoing" | "both";
  /** Largest mail that it is shown, in bytes; not above what itself takes (`max_message`, `StreamMaxLength`). Default 26,214,400 (25 MiB). */
  readonly bytesMax: number;
  /** What becomes of larger mail: `accept`, it goes on with a field that says so; `refuse`, 550 5.3.4. Default `accept`. */
  readonly onLarge: "accept" | "refuse";
  /** Longest that it may take for one mail, in ms. Default 20,000. */
  readonly timeMsMax: number;
  /**
   * What becomes of mail when it does not answer, or nothing that can be read: `accept`, it goes on with a field that says so;
   * `defer`, it has to come again (451 4.7.1). Default `accept` for rspamd, `defer` for ClamAV.
   */
  readonly onFailure: "accept" | "defer";
}

/** How rspamd is asked, over its HTTP protocol (`/checkv2`), and what its answers do. */
export interface RspamdConfig extends ScannerConfig {
  /** Its password, by reference: `file:PATH` or `env:NAME`; needed for its controller, not for a normal worker. Default null. */
  readonly password: string | null;
  /** Score from which mail is refused (550 5.7.1), besides mail that rspamd's own actions reject; null: none. Default null. */
  readonly rejectScore: number | null;
  /** Score from which mail is spam (`X-Spam-Flag: YES`), besides mail to which rspamd's own actions add a header; null: none. Default null. */
  readonly junkScore: number | null;
}

/** How clamd is asked (`INSTREAM`), and what its answers do. */
export interface ClamavConfig extends ScannerConfig {
  /**
   * `refuse`: mail with a virus is refused (550 5.7.1); `junk`: what comes in for mailboxes here is filed as junk, with
   * `X-Virus-Status: Infected`; what goes on to others is refused all the same. Default `refuse`.
   */
  readonly onVirus: "refuse" | "junk";
}

/** In whose name reports on TLS are sent to the domains that want them (RFC 8460). */
export interface TlsReportsConfig {
  /** Their sender, as `tls-reports@example.org`; its domain needs a key for DKIM, as unsigned reports are not sent. No default. */
  readonly from: string;
  /** Who reports, for people: at most 100 printable ASCII characters; null: the domain of `from`. Default null. */
  readonly organization: string | null;
  /** Address for questions; null: `from`. Default null. */
  readonly contact: string | null;
}

/** Other servers whose mail waits here while they are away, and who may ask for it by ETRN (RFC 1985). */
export interface TurnConfig {
  /** Networks that they ask from, as `192.0.2.0/24` or one address; on SMTP ports. Default none. */
  readonly networks: readonly string[];
  /** Accounts that they log in as, by their addresses; on submission ports. Default none. */
  readonly accounts: readonly string[];
  /** What they may ask for: a domain, `.domain` for all names below it, or `*`. At least one. */
  readonly domains: readonly string[];
}

/** Policy and topology of a cluster. Every field but `hostname` has a default. */
export interface ClusterConfig {
  /** Name this server greets with, as a domain name; it should resolve to this machine. No default. */
  readonly hostname: string;
  /** Directory that holds all data; relative to the working directory. Default `data`. */
  readonly dataDir: string;
  /** Name of this machine in the cluster: `a-z`, `0-9` and `-`, at most 32 characters. Default `local`. */
  readonly node: string;
  /** Number of shards, 1 to 1,000; fixed when the data directory is made. Default 16. */
  readonly shards: number;
  /** How many worker threads of each kind. */
  readonly workers: {
    /** Workers that hold sockets and sessions, 1 to 64, or one per core. Default `cores`. */
    readonly listener: number | "cores";
    /** Workers that own shards, 1 to 64 and at most `shards`, or one per core. Default `cores`. */
    readonly mailbox: number | "cores";
    /** Workers that speak to other servers, 1 to 64, or one per core. Default 1. */
    readonly delivery: number | "cores";
  };
  /**
   * Ports to open. Default: SMTP 2525, submission 2587, POP3 2110 and IMAP 2143 with STARTTLS, submission 2465, POP3 2995 and IMAP 2993 with TLS from
   * the first byte (RFC 8314), all on 127.0.0.1.
   */
  readonly listeners: readonly ListenerConfig[];
  /** The server's certificate. Without one, a self-signed certificate is made in `<dataDir>/tls`. */
  readonly tls: {
    /** PEM file of the certificate and its chain, relative to the working directory; null: self-signed. Default null. */
    readonly certFile: string | null;
    /** PEM file of the private key; null: self-signed. Default null. */
    readonly keyFile: string | null;
    /**
     * PEM file of the authorities that sign our users' certificates. A client that shows one can log in by EXTERNAL as the account
     * whose address is in it (rfc822Name); null: clients are asked for no certificate. Default null.
     */
    readonly clientCaFile: string | null;
  };
  /** Who may send a password without TLS: nobody, clients on this machine, or everybody. Default `loopback`. */
  readonly plaintextLogin: "loopback" | "never" | "always";
  /** Logins by token. Without issuers they are not offered. */
  readonly oauth: {
    /** At most 16. Default: none. */
    readonly issuers: readonly IssuerConfig[];
  };
  /** How mail of our own users is taken. */
  readonly submission: {
    /** Whether the Received field leaves out the client's address and name, which tell where a user is. Default false. */
    readonly hideClient: boolean;
  };
  /** Bounds on what strangers may use. */
  readonly limits: {
    readonly smtp: SmtpLimitsConfig;
    readonly pop3: Pop3LimitsConfig;
    readonly imap: ImapLimitsConfig;
    readonly connections: {
      /** Connections at a time in one listener worker. Default 10,000. */
      readonly max: number;
      /** Connections at a time from one address in one listener worker; this machine is exempt. Default 50. */
      readonly perAddressMax: number;
    };
    /**
     * Networks free of `rates`, bans and greylisting, as `192.0.2.0/24` or one address; whether their senders are checked is
     * said by `senders.exempt`. Servers that speak LMTP or may use XCLIENT need not be named. Default this machine:
     * `127.0.0.0/8` and `::1`.
     */
    readonly exempt: readonly string[];
    readonly rates: RatesConfig;
    readonly overload: {
      /** Lateness of a listener worker's event loop, smoothed, in ms, beyond which it refuses new connections (421 4.3.2) for those it has; 0: never. Default 500. */
      readonly lagMsMax: number;
    };
    readonly memory: {
      /** Bytes of messages that all sessions of one listener worker may hold together. Default 268,435,456 (256 MiB). */
      readonly bodyBytesMax: number;
    };
    readonly login: {
      /** Password checks that may run at a time; each takes 19 MiB and about 40 ms of a core. Default 2. */
      readonly checksMax: number;
      /** Password checks that may wait; beyond it clients are told to come back later. Default 256. */
      readonly waitingMax: number;
      /** Failed logins of one address, to whichever accounts, that get it banned; accounts are never locked. 0: never. Default 30. */
      readonly bansAfter: number;
      /** Within how many minutes they count. Default 10. */
      readonly bansWithinMinutes: number;
      /** Minutes that such a ban holds. Default 60. */
      readonly banMinutes: number;
    };
  };
  /**
   * Puts off (450 4.7.1) the first mail that a network (IPv4 /24, IPv6 /48) sends from one address to another, as programs that
   * are no mail servers never come again. Mail of clients that have logged in is not put off.
   */
  readonly greylisting: {
    /** Default false. */
    readonly enabled: boolean;
    /** How long the first attempt is put off, in ms. Default 300,000 (5 minutes). */
    readonly delayMs: number;
    /** A second attempt later than this counts as a first one again, in ms. Default 172,800,000 (2 days). */
    readonly retryMsMax: number;
    /** How long who has come again is let in at once, since its last mail, in ms. Default 3,024,000,000 (5 weeks). */
    readonly keepMs: number;
  };
  readonly timeouts: TimeoutsConfig;
  /** How mail from other servers is judged by SPF, DKIM, DMARC and ARC. */
  readonly senders: {
    /**
     * `off`: not at all; `report`: the result is written into a field of the mail (RFC 8601); `enforce`: besides, mail is
     * refused where the policy of its sender asks for it. Default `enforce`.
     */
    readonly authentication: "off" | "report" | "enforce";
    /** Networks whose mail is not judged by its sender, as `192.0.2.0/24` or one address; rates: `limits.exempt`. Default this machine: `127.0.0.0/8` and `::1`. */
    readonly exempt: readonly string[];
    /** Domains whose ARC seals are believed, such as mailing lists. Default none. */
    readonly trustedSealers: readonly string[];
    /**
     * Block and allow lists that are asked about clients, but for those in `exempt`; at most 32. A list that does not answer
     * within 5 s refuses nobody, an allow list least of all: who might be on it is let in. Postmasters can be written to by
     * everybody. Default none.
     */
    readonly lists: readonly DnsListConfig[];
  };
  /** Scanners of content, asked once a mail is complete and before it is acknowledged. */
  readonly scanners: {
    /** Null: rspamd is not asked. Default null. */
    readonly rspamd: RspamdConfig | null;
    /** Null: clamd is not asked. Default null. */
    readonly clamav: ClamavConfig | null;
    /**
     * Networks whose mail is not scanned, as `192.0.2.0/24` or one address: relays of ours that have done so. What their fields
     * say of spam is believed. Default none.
     */
    readonly exempt: readonly string[];
    /** Mails that are scanned at a time; up to 256 more wait. ClamAV of Debian looks at 12 at a time. Default 10. */
    readonly scansMax: number;
  };
  /** What is filed into the mailbox Junk. */
  readonly junk: {
    /**
     * Whether junk is filed there: mail with one of `headers`, mail that its sender's DMARC policy wants in quarantine, and
     * viruses with `onVirus: "junk"`. False: it goes to INBOX with the fields that say so, as for users who read by POP3 only. Default true.
     */
    readonly file: boolean;
    /**
     * Fields that make mail junk, as `Name: value` or `Name: beginning*`, whatever the case. Only those count that scanners here,
     * a server that speaks LMTP or one in `scanners.exempt` have written. Default `X-Spam-Flag: YES`.
     */
    readonly headers: readonly string[];
  };
  /** How mail of our own users is signed. The keys are in the directory: see `dkim rotate`. */
  readonly dkim: {
    /**
     * What becomes of mail whose signature cannot be had for the time being: `defer`, the user's program is told to come again
     * (451); `send`, it goes on without. Default `defer`.
     */
    readonly whenUnavailable: "defer" | "send";
  };
  /** How names are looked up. */
  readonly dns: {
    /** Name servers as `address` or `address:port` (`[address]:port` for IPv6); none: those of /etc/resolv.conf. Default none. */
    readonly servers: readonly string[];
    /** Whether their word on DNSSEC is trusted: only for validating servers on this machine or behind a safe line. Default false. */
    readonly trustAd: boolean;
  };
  /** How mail goes to other servers. */
  readonly outbound: {
    /** Port of the hosts that DNS names. Default 25. */
    readonly port: number;
    /** Hosts to use instead of those that DNS names; the first that fits holds. Default none. */
    readonly routes: readonly RouteConfig[];
    /** Whether DNS may name hosts on this machine and in private networks (RFC 1918, RFC 4193). Default false. */
    readonly privateHosts: boolean;
    /** Local address to connect from; null: the system's choice. Default null. */
    readonly sourceAddress: string | null;
    /** Whether domains may demand TLS by MTA-STS (RFC 8461): their policies are fetched by HTTPS. Default true. */
    readonly mtaSts: boolean;
    /** Whether hosts may demand TLS by TLSA records (RFC 7672): needs `dns.trustAd`; null: where that is set. Default null. */
    readonly dane: boolean | null;
    /** Sends each domain that asks for it, once a day, what became of TLS with its hosts; null: nobody. Default null. */
    readonly tlsReports: TlsReportsConfig | null;
    /** Transactions at a time, in all. Default 100. */
    readonly attemptsMax: number;
    /** Transactions at a time with one destination. Default 20. */
    readonly perDestinationMax: number;
  };
  /** What becomes of mail that cannot be delivered at once. */
  readonly queue: {
    /** Pauses after the first, second … attempt, in ms; the last one repeats. Default 5, 10, 20 and 40 minutes, then one hour. */
    readonly retryMs: readonly number[];
    /** Age at which mail is given up and returned, in ms. Default 432,000,000 (5 days). */
    readonly lifetimeMs: number;
    /** Age at which the sender is told of the delay, in ms; 0: never. Default 14,400,000 (4 hours). */
    readonly warnAfterMs: number;
    /** Who may have mail that waits sent now (ETRN); to others the command does not exist. At most 1,000. Default none. */
    readonly turns: readonly TurnConfig[];
  };
  readonly storage: {
    /** Free bytes on the disk below which no mail is taken (452 4.3.1). Default 268,435,456 (256 MiB). */
    readonly minFreeBytes: number;
    /**
     * When changes of flags alone (read, flagged, deleted …) are acknowledged. `always`: when they are on the disk, like all else;
     * `optimized`: when they are in the log, and they are flushed within half a second or along with what comes next: a server that
     * is killed loses none, a loss of power those of half a second. Mail that comes, is filed, moved or removed always waits for
     * the disk. Default `always`.
     */
    readonly flush: "always" | "optimized";
  };
  readonly log: {
    /** Least level that is logged. Default `info`. */
    readonly level: "debug" | "info" | "warn" | "error";
  };
  readonly debug: {
    /** Whether actors can be told to fail on purpose, for drills and tests; never where strangers' mail is taken. Default false. */
    readonly faultInjection: boolean;
  };
}

/** A listener as it is written in a config file. */
export type ListenerInput =
  & Pick<ListenerConfig, "service" | "port">
  & Partial<Pick<ListenerConfig, "host" | "tls" | "proxies" | "xclient">>;

/** A route as it is written in a config file. */
export type RouteInput = Pick<RouteConfig, "domain" | "host"> & Partial<RouteConfig>;

/** An issuer as it is written in a config file. */
export type IssuerInput = Omit<IssuerConfig, "addressClaim"> & Partial<Pick<IssuerConfig, "addressClaim">>;

/** A list as it is written in a config file. */
export type DnsListInput = Pick<DnsListConfig, "zone" | "kind"> & Partial<DnsListConfig>;

/** Reports on TLS as they are written in a config file. */
export type TlsReportsInput = Pick<TlsReportsConfig, "from"> & Partial<TlsReportsConfig>;

/** Who may ask for mail, as it is written in a config file. */
export type TurnInput = Pick<TurnConfig, "domains"> & Partial<TurnConfig>;

type Input<T> = T extends readonly unknown[] | string | number | boolean | null ? T
  : { readonly [K in keyof T]?: Input<T[K]> };

/** A config as it is written: all optional but the host name. */
export type ClusterConfigInput =
  & Input<
    Omit<ClusterConfig, "hostname" | "listeners" | "oauth" | "outbound" | "queue" | "senders" | "scanners">
  >
  & Pick<ClusterConfig, "hostname">
  & { readonly listeners?: readonly ListenerInput[]; readonly oauth?: { readonly issuers?: readonly IssuerInput[] } }
  & {
    readonly outbound?: Input<Omit<ClusterConfig["outbound"], "routes" | "tlsReports">> & {
      readonly routes?: readonly RouteInput[];
      readonly tlsReports?: TlsReportsInput | null;
    };
    readonly queue?: Input<Omit<ClusterConfig["queue"], "turns">> & { readonly turns?: readonly TurnInput[] };
    readonly senders?: Input<Omit<ClusterConfig["senders"], "lists">> & { readonly lists?: readonly DnsListInput[] };
    readonly scanners?: Input<Omit<ClusterConfig["scanners"], "rspamd" | "clamav">> & {
      readonly rspamd?: Partial<RspamdConfig> | null;
      readonly clamav?: Partial<ClamavConfig> | null;
    };
  };

/** Gives a config file its types and help in the editor; returns what it is given. */
export function defineCluster(config: ClusterConfigInput): ClusterConfigInput {
  return config;
}
