const round = (value) => (value === null ? null : Number(value.toPrecision(4)));

/** Collects the figures of one benchmark. */
export class Figures {
  all = [];

  constructor(say) {
    this.say = say;
  }

  /**
   * Adds a figure. `reference` is what it is compared with, measured in the same run, or null; `ratio` is value / reference.
   * `bar` is `{ atMost }` or `{ atLeast }` on the value, or null when the figure is for information; `ok` says whether it was met.
   */
  add({ name, value, unit, reference = null, bar = null }) {
    const ok = bar === null ? null : (bar.atMost ?? Infinity) >= value && (bar.atLeast ?? -Infinity) <= value;
    const ratio = reference === null ? null : value / reference;
    this.all.push({ name, value: round(value), unit, reference: round(reference), ratio: round(ratio), bar, ok });
    this.say(`  ${name}: ${round(value)} ${unit}${ok === false ? '   MISSES ITS BAR' : ''}`);
  }

  table() {
    const rows = this.all.map(({ name, value, unit, reference, ratio, bar, ok }) => [
      name,
      `${value} ${unit}`,
      reference === null ? '' : String(reference),
      ratio === null ? '' : `${ratio}×`,
      bar === null ? '' : bar.atMost !== undefined ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`,
      ok === null ? '' : ok ? 'ok' : 'MISSED',
    ]);
    const all = [['figure', 'value', 'reference', 'ratio', 'bar', ''], ...rows];
    const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
    return all
      .map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column]))
          .join('  ')
          .trimEnd(),
      )
      .join('\n');
  }
}
