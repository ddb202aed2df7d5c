/** Version of the program; the same stands in package.json, as a test checks. */
export const VERSION = "0.1.0";
