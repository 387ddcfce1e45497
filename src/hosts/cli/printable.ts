/** Models and strangers wrote much of what is shown: an escape sequence must not rewrite the terminal. */
export const printable = (text: string): string => text.replaceAll(/(?!\n)\p{Cc}/gu, " ");
