/** A message of ../shared/corpus of which Dovecot 2.3 shows something else than we do. */
export interface DovecotDifference {
  /** Its path below the corpus. */
  readonly message: string;
  /** Where: `ENVELOPE.1` is the second item of the envelope, the subject. Of lists of other lengths the list. */
  readonly places: readonly string[];
  /** Whether parts begin or end elsewhere, so that sections differ, too. */
  readonly cut: boolean;
  readonly why: string;
}

/** Each of them, with what makes ours the better answer. Texts of the messages are not repeated here. */
export const DOVECOT_DIFFERENCES: readonly DovecotDifference[] = [
  difference("mail-rb/bad_date_header.eml", ["ENVELOPE.0"], "blanks of a fold before the date are no part of it"),
  difference("mail-rb/bad_subject.eml", ["ENVELOPE.0"], "blanks behind the date are no part of it"),
  difference(
    "mail-rb/content_transfer_encoding_with_semi_colon.eml",
    ["BODYSTRUCTURE.1.5"],
    "a semicolon behind quoted-printable does not make the body 7bit: it has to be decoded",
  ),
  difference("mail-rb/example11.eml", ["ENVELOPE.5"], "nothing between two commas is no address (RFC 5322 §4.4)"),
  difference(
    "mail-rb/missing_body.eml",
    ["ENVELOPE.5.0.3"],
    "the angle bracket does not end after the mailbox; the host is missing all the same",
  ),
  difference(
    "mail-rb/missing_content_disposition.eml",
    ["BODYSTRUCTURE.0.8"],
    "an empty Content-Disposition is none, not one whose type is empty",
  ),
  difference(
    "mail-rb/multiple_invalid_content_dispositions.eml",
    ["BODYSTRUCTURE.9"],
    "a Content-Disposition without a token is none",
  ),
  cut("mail-rb/raw_email_bad_time.eml", ["BODYSTRUCTURE"], "an unquoted boundary with `=` in it is used whole"),
  difference("mail-rb/raw_email_with_at_display_name.eml", ["ENVELOPE.5"], "addresses behind a malformed one are read"),
  cut(
    "mail-rb/raw_email_with_binary_encoded.eml",
    ["ENVELOPE.1", "BODYSTRUCTURE"],
    "of two subjects the first counts; an unquoted boundary with `=` in it is used whole",
  ),
  cut(
    "mail-rb/raw_email_with_illegal_boundary.eml",
    ["BODYSTRUCTURE"],
    "an unquoted boundary with `=` in it is used whole",
  ),
  difference(
    "mail-rb/raw_email_with_multipart_mixed_quoted_boundary.eml",
    ["ENVELOPE.1"],
    "of two subjects the first counts",
  ),
  difference("mail-rb/weird_to_header.eml", ["ENVELOPE.5"], "nothing before a comma is no address"),
  difference(
    "mime4j/basic-plain-with-bad-header-separator.msg",
    ["ENVELOPE.0"],
    "blanks behind the date are no part of it",
  ),
  cut("mime4j/very-long-boundary.msg", ["BODYSTRUCTURE"], "a boundary longer than Dovecot reads is compared whole"),
  cut(
    "mime4j/very-very-long-boundary.msg",
    ["BODYSTRUCTURE"],
    "a boundary longer than a line makes the message text; Dovecot compares its beginning",
  ),
  cut("mimetools/double-semicolon.msg", ["BODYSTRUCTURE"], "the parameter behind two semicolons is read"),
  difference(
    "mimetools/multi-digest.msg",
    ["BODYSTRUCTURE.1.8.1"],
    "a type without a subtype is text/plain (RFC 2045 §5.2)",
  ),
];

function difference(message: string, places: readonly string[], why: string): DovecotDifference {
  return { message, places, cut: false, why };
}

function cut(message: string, places: readonly string[], why: string): DovecotDifference {
  return { message, places, cut: true, why };
}
