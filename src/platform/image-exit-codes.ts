/** How a process that decodes an image says why it refused it. */
export const exitCodes = { unreadable: 3, 'too-many-pixels': 4 } as const;
