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
  rfc(1034, "Domain Names: Concepts and Facilities", "partly", "a stub resolver"),
  rfc(
    1035,
    "Domain Names: Implementation and Specification",
    "partly",
    "as a stub resolver needs it: A, MX, PTR, TXT, SOA, CNAME; over UDP and TCP",
  ),
  rfc(1734, "POP3 AUTHentication Command", "yes", "as renewed by RFC 5034"),
  rfc(1870, "SMTP Service Extension for Message Size Declaration", "yes"),
  rfc(1918, "Address Allocation for Private Internets", "yes", "mail is sent there only where that is allowed"),
  rfc(1939, "Post Office Protocol, Version 3", "yes", "without APOP, which needs passwords in the clear"),
  rfc(1985, "SMTP Service Extension for Remote Message Queue Starting (ETRN)", "yes"),
  rfc(2033, "Local Mail Transfer Protocol", "yes"),
  rfc(2034, "SMTP Service Extension for Returning Enhanced Error Codes", "yes"),
  rfc(2045, "MIME Part One: Format of Internet Message Bodies", "partly", "types, and encodings of text"),
  rfc(2046, "MIME Part Two: Media Types", "partly", "parts of reports; digests of lists"),
  rfc(
    2142,
    "Mailbox Names for Common Services, Roles and Functions",
    "partly",
    "postmaster, abuse, and -request of lists",
  ),
  rfc(2181, "Clarifications to the DNS Specification", "partly", "TTLs, truncation, ranking of sections"),
  rfc(2308, "Negative Caching of DNS Queries", "yes", "failures are not kept"),
  rfc(2317, "Classless IN-ADDR.ARPA Delegation", "partly", "followed within one answer"),
  rfc(2369, "The Use of URLs as Meta-Syntax for Core Mail List Commands", "yes"),
  rfc(2449, "POP3 Extension Mechanism", "yes"),
  rfc(2595, "Using TLS with IMAP, POP3 and ACAP", "partly", "POP3's STLS"),
  rfc(2852, "Deliver By SMTP Service Extension", "partly", "taken in submission; kept here, not passed on"),
  rfc(2919, "List-Id: A Structured Field and Namespace for the Identification of Mailing Lists", "yes"),
  rfc(2920, "SMTP Service Extension for Command Pipelining", "yes"),
  rfc(3030, "SMTP Service Extensions for Transmission of Large and Binary MIME Messages", "yes"),
  rfc(3056, "Connection of IPv6 Domains via IPv4 Clouds", "partly", "the IPv4 address in it is judged"),
  rfc(3206, "The SYS and AUTH POP Response Codes", "yes"),
  rfc(3207, "SMTP Service Extension for Secure SMTP over TLS", "yes"),
  rfc(3225, "Indicating Resolver Support of DNSSEC", "yes", "where the resolver is trusted"),
  rfc(3339, "Date and Time on the Internet: Timestamps", "yes"),
  rfc(3461, "SMTP Service Extension for Delivery Status Notifications (DSNs)", "yes"),
  rfc(3463, "Enhanced Mail System Status Codes", "yes"),
  rfc(3464, "An Extensible Message Format for Delivery Status Notifications", "yes"),
  rfc(3596, "DNS Extensions to Support IP Version 6", "yes"),
  rfc(3629, "UTF-8, a Transformation Format of ISO 10646", "yes"),
  rfc(3696, "Application Techniques for Checking and Transformation of Names", "partly", "no numeric top-level domain"),
  rfc(
    3834,
    "Recommendations for Automatic Responses to Electronic Mail",
    "partly",
    "reports and answers of lists are marked; what a program wrote is neither answered nor distributed",
  ),
  rfc(3848, "ESMTP and LMTP Transmission Types Registration", "partly", "ESMTP and LMTP, over TLS and after a login"),
  rfc(3986, "Uniform Resource Identifier (URI): Generic Syntax", "partly", "escapes in SPF's macros"),
  rfc(4013, "SASLprep: Stringprep Profile for User Names and Passwords", "partly", "prohibited characters"),
  rfc(
    4035,
    "Protocol Modifications for the DNS Security Extensions",
    "partly",
    "the AD bit of a trusted resolver; no validation",
  ),
  rfc(4193, "Unique Local IPv6 Unicast Addresses", "yes", "mail is sent there only where that is allowed"),
  rfc(4291, "IP Version 6 Addressing Architecture", "partly", "IPv4 addresses in IPv6 ones are judged"),
  rfc(4422, "Simple Authentication and Security Layer (SASL)", "yes"),
  rfc(4616, "The PLAIN SASL Mechanism", "yes"),
  rfc(4647, "Matching of Language Tags", "partly", "POP3's LANG"),
  rfc(4648, "The Base16, Base32, and Base64 Data Encodings", "partly", "base64"),
  rfc(4865, "SMTP Submission Service Extension for Future Message Release", "yes"),
  rfc(4954, "SMTP Service Extension for Authentication", "yes", "on submission ports"),
  rfc(5034, "The POP3 SASL Authentication Mechanism", "yes"),
  rfc(
    5280,
    "X.509 Public Key Infrastructure Certificate and CRL Profile",
    "partly",
    "the certificate we make ourselves",
  ),
  rfc(5321, "Simple Mail Transfer Protocol", "yes"),
  rfc(5322, "Internet Message Format", "partly", "trace fields and dates"),
  rfc(5452, "Measures for Making DNS More Resilient against Forged Answers", "yes"),
  rfc(5782, "DNS Blacklists and Whitelists", "partly", "lists of addresses; no lists of domain names"),
  rfc(5802, "Salted Challenge Response Authentication Mechanism (SCRAM)", "yes", "SCRAM-SHA-1"),
  rfc(
    5890,
    "Internationalized Domain Names for Applications: Definitions",
    "yes",
    "U-labels that UTS 46 leaves as they are",
  ),
  rfc(5929, "Channel Bindings for TLS", "partly", "tls-server-end-point"),
  rfc(5952, "A Recommendation for IPv6 Address Text Representation", "yes"),
  rfc(6008, "Authentication-Results Registration for Differentiating among Cryptographic Results", "yes"),
  rfc(6052, "IPv6 Addressing of IPv4/IPv6 Translators", "partly", "the IPv4 address in it is judged"),
  rfc(6066, "TLS Extensions: Extension Definitions", "partly", "server name indication"),
  rfc(6125, "Verification of Domain-Based Application Service Identity", "yes", "no wildcards within a label"),
  rfc(6152, "SMTP Service Extension for 8-bit MIME Transport", "yes"),
  rfc(6376, "DomainKeys Identified Mail (DKIM) Signatures", "yes"),
  rfc(6409, "Message Submission for Mail", "yes"),
  rfc(6522, "The Multipart/Report Media Type for the Reporting of Mail System Administrative Messages", "yes"),
  rfc(6531, "SMTP Extension for Internationalized Email", "yes"),
  rfc(6532, "Internationalized Email Headers", "partly", "the From field"),
  rfc(6533, "Internationalized Delivery Status and Disposition Notifications", "partly", "ORCPT of the type utf-8"),
  rfc(6604, "xNAME RCODE and Status Bits Clarification", "yes"),
  rfc(
    6698,
    "DNS-Based Authentication of Named Entities (DANE): TLSA",
    "partly",
    "DANE-TA and DANE-EE, for mail servers",
  ),
  rfc(6710, "SMTP Extension for Message Transfer Priorities", "yes", "taken in submission, passed on"),
  rfc(6750, "OAuth 2.0 Bearer Token Usage", "partly", "the form of a token"),
  rfc(6854, "Update to Allow Group Syntax in From and Sender", "partly", "From"),
  rfc(6856, "POP3 Support for UTF-8", "partly", "UTF8 and LANG; all texts are English"),
  rfc(6890, "Special-Purpose IP Address Registries", "partly", "those that mail must not be sent to"),
  rfc(6891, "Extension Mechanisms for DNS (EDNS(0))", "yes"),
  rfc(7162, "IMAP Extensions: CONDSTORE and QRESYNC", "no", "modification sequences are kept"),
  rfc(7208, "Sender Policy Framework (SPF)", "yes", "but for the Received-SPF field"),
  rfc(7218, "Acronyms for DNS-Based Authentication of Named Entities", "yes"),
  rfc(7372, "Email Authentication Status Codes", "partly", "5.7.23"),
  rfc(7435, "Opportunistic Security: Some Protection Most of the Time", "yes"),
  rfc(7489, "Domain-based Message Authentication, Reporting, and Conformance (DMARC)", "no", "replaced by RFC 9989"),
  rfc(7505, 'A "Null MX" No Service Resource Record', "yes"),
  rfc(7517, "JSON Web Key (JWK)", "partly", "sets of public keys"),
  rfc(7519, "JSON Web Token (JWT)", "yes", "signed by key pairs"),
  rfc(7628, "SASL Mechanisms for OAuth", "yes", "OAUTHBEARER; and XOAUTH2 before it"),
  rfc(
    7671,
    "The DANE Protocol: Updates and Operational Guidance",
    "partly",
    "anchors within a record, strongest digest",
  ),
  rfc(
    7672,
    "SMTP Security via Opportunistic DANE TLS",
    "yes",
    "for hosts that DNS names, not for those of routes",
  ),
  rfc(7677, "SCRAM-SHA-256 and SCRAM-SHA-256-PLUS", "yes"),
  rfc(8020, "NXDOMAIN: There Really Is Nothing Underneath", "yes"),
  rfc(
    8058,
    "Signaling One-Click Functionality for List Email Headers",
    "partly",
    "the address is served by others, and not signed",
  ),
  rfc(8098, "Message Disposition Notification", "no", "read receipts can be submitted"),
  rfc(8200, "Internet Protocol, Version 6", "partly", "DNS datagrams fit the least MTU"),
  rfc(8265, "Usernames and Passwords in Internationalized Strings", "partly", "passwords in NFC"),
  rfc(8301, "Cryptographic Algorithm and Key Usage Update to DKIM", "yes"),
  rfc(
    8314,
    "Cleartext Considered Obsolete: TLS for Email Submission and Access",
    "partly",
    "TLS from the first byte on ports of its own",
  ),
  rfc(8410, "Algorithm Identifiers for Ed25519, Ed448, X25519, and X448 in X.509", "partly", "Ed25519 keys"),
  rfc(8460, "SMTP TLS Reporting", "partly", "reports are sent, by mail and HTTPS; none are read"),
  rfc(
    8461,
    "SMTP MTA Strict Transport Security (MTA-STS)",
    "yes",
    "of those that mail is sent to; policies are kept on disk",
  ),
  rfc(8463, "A New Cryptographic Signature Method for DKIM: Ed25519-SHA256", "yes"),
  rfc(8552, "Scoped Interpretation of DNS Records through Underscored Naming", "yes"),
  rfc(8601, "Message Header Field for Indicating Message Authentication Status", "yes"),
  rfc(8616, "Email Authentication for Internationalized Mail", "partly", "domains in signatures, not selectors"),
  rfc(8617, "The Authenticated Received Chain (ARC) Protocol", "yes"),
  rfc(8689, "SMTP Require TLS Option", "yes"),
  rfc(8996, "Deprecating TLS 1.0 and TLS 1.1", "yes"),
  rfc(9051, "Internet Message Access Protocol, Version 4rev2", "no", "flags and UIDs are kept by its rules"),
  rfc(9106, "Argon2 Memory-Hard Function for Password Hashing", "yes", "argon2id"),
  rfc(9112, "HTTP/1.1", "partly", "requests with bodies of a stated length"),
  rfc(9422, "SMTP Service Extension for Limits", "yes", "RCPTMAX"),
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
