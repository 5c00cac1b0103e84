/** The page's colours, for canvases. In: the style's custom properties, as they are now (light, dark, print). Out: their values. */

export interface Theme {
  readonly ink: string;
  readonly dim: string;
  readonly line: string;
  readonly accent: string;
  readonly open: string;
  readonly font: string;
  readonly series: readonly string[];
  readonly severity: Readonly<Record<string, string>>;
}

const SERIES = [0, 1, 2, 3, 4, 5, 6, 7, 8];

export function currentTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: value('ink'),
    dim: value('dim'),
    line: value('line'),
    accent: value('accent'),
    open: value('open'),
    font: `12px ${value('sans')}`,
    series: SERIES.map((at) => value(`series-${at}`)),
    severity: { error: value('error'), warning: value('warning'), info: value('info') },
  };
}
