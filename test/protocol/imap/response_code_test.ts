import { assertEquals } from "@std/assert";
import {
  appendUidCode,
  badCharsetCode,
  copyUidCode,
  metadataCode,
  modifiedCode,
} from "../../../src/protocol/imap/write/response_code.ts";

Deno.test("response codes with arguments (RFC 9051 §7.1, RFC 4315, 4469, 5267, 5464, 5465, 7162)", () => {
  assertEquals(appendUidCode(38505, [3955]), "APPENDUID 38505 3955");
  assertEquals(appendUidCode(38505, [3955, 3956, 3958]), "APPENDUID 38505 3955:3956,3958");
  assertEquals(copyUidCode(38505, [304, 304, 319, 320], [3956, 3958]), "COPYUID 38505 304,319:320 3956:3958");
  assertEquals(modifiedCode([7, 7, 9, 12]), "MODIFIED 7,9:12");
  assertEquals(badCharsetCode(["UTF-8", "US-ASCII"]), "BADCHARSET (UTF-8 US-ASCII)");
  assertEquals(metadataCode("LONGENTRIES", 2199), "METADATA LONGENTRIES 2199");
});
