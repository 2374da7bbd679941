/**
 * What every response of ours forbids. Pages carry a stricter policy of their own with the hashes of their scripts and
 * styles; a browser obeys both.
 */
export const secondPolicy = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'";
