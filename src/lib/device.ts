/** A browser and system in words, from a User-Agent; only for people to recognise their own devices by. */
export function deviceName(userAgent: string): string {
  const agent = userAgent.slice(0, 500);
  const first = (pairs: [RegExp, string][]) => pairs.find(([pattern]) => pattern.test(agent))?.[1];
  const browser =
    first([
      [/\bEdgA?(?:iOS)?\//, 'Edge'],
      [/\bOPR\//, 'Opera'],
      [/\bSamsungBrowser\//, 'Samsung Internet'],
      [/\bMicroMessenger\//, 'WeChat'],
      [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
      [/\bChrome\/|\bCriOS\//, 'Chrome'],
      [/\bSafari\//, 'Safari'],
    ]) ?? 'A browser';
  const system = first([
    [/\biPhone\b/, 'iPhone'],
    [/\biPad\b/, 'iPad'],
    [/\bAndroid\b/, 'Android'],
    [/\bWindows\b/, 'Windows'],
    [/\bMac OS X\b/, 'Mac'],
    [/\bCrOS\b/, 'ChromeOS'],
    [/\bLinux\b/, 'Linux'],
  ]);
  return system ? `${browser} on ${system}` : browser;
}
