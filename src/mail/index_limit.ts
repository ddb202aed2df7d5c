/** Bytes of a MIME index that is kept beside its message; what would be larger is made anew by whoever needs it. */
export const INDEX_BYTES_MAX = 1_048_576;
