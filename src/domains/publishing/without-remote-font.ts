const remoteFont = /https:\/\/fonts\.googleapis\.com\/[^"']*/g;

/** A Vite plugin that takes the web font out of Keystatic’s interface: nothing of ours asks another origin. */
export const withoutRemoteFont = {
  name: 'keystatic-without-remote-font',
  transform(code: string, id: string) {
    if (!id.includes('@keystatic/core') || !code.includes('fonts.googleapis.com')) return undefined;
    return { code: code.replace(remoteFont, 'data:text/css,'), map: null };
  },
};
