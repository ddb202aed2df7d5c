/** How far a document is followed. */
export type RfcSupport = "yes" | "partly" | "no";

/** A document that the code names, and how far it is followed. */
export interface Rfc {
  readonly number: number;
  readonly title: string;
  readonly support: RfcSupport;
  /** What is done, or what is missing; empty when there is nothing to add. */
  readonly note: string;
}

/** Every RFC that a comment of this program names, in order of number. */
export const RFCS: readonly Rfc[] = [
  rfc(1035, "Domain Names: Implementation and Specification", "partly", "lengths of names"),
  rfc(1734, "POP3 AUTHentication Command", "yes", "as renewed by RFC 5034"),
  rfc(1870, "SMTP Service Extension for Message Size Declaration", "yes"),
  rfc(1939, "Post Office Protocol, Version 3", "yes", "without APOP, which needs passwords in the clear"),
  rfc(2034, "SMTP Service Extension for Returning Enhanced Error Codes", "yes"),
  rfc(2045, "MIME Part One: Format of Internet Message Bodies", "partly", "tokens of result fields"),
  rfc(2142, "Mailbox Names for Common Services, Roles and Functions", "partly", "postmaster"),
  rfc(2449, "POP3 Extension Mechanism", "yes"),
  rfc(2595, "Using TLS with IMAP, POP3 and ACAP", "partly", "POP3's STLS"),
  rfc(2920, "SMTP Service Extension for Command Pipelining", "yes"),
  rfc(3206, "The SYS and AUTH POP Response Codes", "yes"),
  rfc(3207, "SMTP Service Extension for Secure SMTP over TLS", "yes"),
  rfc(3339, "Date and Time on the Internet: Timestamps", "yes"),
  rfc(3463, "Enhanced Mail System Status Codes", "yes"),
  rfc(3629, "UTF-8, a Transformation Format of ISO 10646", "yes"),
  rfc(3696, "Application Techniques for Checking and Transformation of Names", "partly", "no numeric top-level domain"),
  rfc(3848, "ESMTP and LMTP Transmission Types Registration", "partly", "ESMTP and ESMTPS"),
  rfc(3986, "Uniform Resource Identifier (URI): Generic Syntax", "partly", "escapes in SPF's macros"),
  rfc(4013, "SASLprep: Stringprep Profile for User Names and Passwords", "partly", "prohibited characters"),
  rfc(4422, "Simple Authentication and Security Layer (SASL)", "yes"),
  rfc(4616, "The PLAIN SASL Mechanism", "yes"),
  rfc(4647, "Matching of Language Tags", "partly", "POP3's LANG"),
  rfc(4648, "The Base16, Base32, and Base64 Data Encodings", "partly", "base64"),
  rfc(4954, "SMTP Service Extension for Authentication", "no", "AUTH is not offered"),
  rfc(5034, "The POP3 SASL Authentication Mechanism", "yes"),
  rfc(
    5280,
    "X.509 Public Key Infrastructure Certificate and CRL Profile",
    "partly",
    "the certificate we make ourselves",
  ),
  rfc(5321, "Simple Mail Transfer Protocol", "partly", "receives; does not send to other servers"),
  rfc(5322, "Internet Message Format", "partly", "trace fields and dates"),
  rfc(
    5890,
    "Internationalized Domain Names for Applications: Definitions",
    "yes",
    "U-labels that UTS 46 leaves as they are",
  ),
  rfc(6008, "Authentication-Results Registration for Differentiating among Cryptographic Results", "yes"),
  rfc(6066, "TLS Extensions: Extension Definitions", "partly", "server name indication"),
  rfc(6152, "SMTP Service Extension for 8-bit MIME Transport", "yes"),
  rfc(6376, "DomainKeys Identified Mail (DKIM) Signatures", "yes"),
  rfc(6531, "SMTP Extension for Internationalized Email", "yes"),
  rfc(6532, "Internationalized Email Headers", "partly", "the From field"),
  rfc(6854, "Update to Allow Group Syntax in From and Sender", "partly", "From"),
  rfc(6856, "POP3 Support for UTF-8", "partly", "UTF8 and LANG; all texts are English"),
  rfc(7162, "IMAP Extensions: CONDSTORE and QRESYNC", "no", "modification sequences are kept"),
  rfc(7208, "Sender Policy Framework (SPF)", "yes", "but for the Received-SPF field"),
  rfc(7372, "Email Authentication Status Codes", "partly", "5.7.23"),
  rfc(7435, "Opportunistic Security: Some Protection Most of the Time", "yes"),
  rfc(7489, "Domain-based Message Authentication, Reporting, and Conformance (DMARC)", "no", "replaced by RFC 9989"),
  rfc(8020, "NXDOMAIN: There Really Is Nothing Underneath", "yes"),
  rfc(8265, "Usernames and Passwords in Internationalized Strings", "partly", "passwords in NFC"),
  rfc(8301, "Cryptographic Algorithm and Key Usage Update to DKIM", "yes"),
  rfc(
    8314,
    "Cleartext Considered Obsolete: TLS for Email Submission and Access",
    "partly",
    "TLS from the first byte on its own ports",
  ),
  rfc(8410, "Algorithm Identifiers for Ed25519, Ed448, X25519, and X448 in X.509", "partly", "Ed25519 keys"),
  rfc(8463, "A New Cryptographic Signature Method for DKIM: Ed25519-SHA256", "yes"),
  rfc(8601, "Message Header Field for Indicating Message Authentication Status", "yes"),
  rfc(8616, "Email Authentication for Internationalized Mail", "partly", "domains in signatures, not selectors"),
  rfc(8617, "The Authenticated Received Chain (ARC) Protocol", "partly", "chains are verified; no seals are made"),
  rfc(8996, "Deprecating TLS 1.0 and TLS 1.1", "yes"),
  rfc(9051, "Internet Message Access Protocol, Version 4rev2", "no", "flags and UIDs are kept by its rules"),
  rfc(9106, "Argon2 Memory-Hard Function for Password Hashing", "yes", "argon2id"),
  rfc(9112, "HTTP/1.1", "partly", "requests with bodies of a stated length"),
  rfc(
    9989,
    "Domain-based Message Authentication, Reporting, and Conformance (DMARC)",
    "partly",
    "policies are found and obeyed; no reports are sent",
  ),
];

/** The list as the Markdown table of the README. */
export function renderRfcTable(): string {
  const rows = RFCS.map(({ number, title, support, note }) =>
    `| [${number}](https://www.rfc-editor.org/rfc/rfc${number}) | ${title} | ${support} | ${note} |`
  );
  return ["| RFC | Title | Support | Note |", "|---|---|---|---|", ...rows].join("\n");
}

function rfc(number: number, title: string, support: RfcSupport, note = ""): Rfc {
  return { number, title, support, note };
}
