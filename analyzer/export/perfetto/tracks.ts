/**
 * The tracks of a trace: one a device, and below it those of its layers.
 *
 * In: what an event belongs to. Out: its track's number; a track is declared when it is first asked for.
 *
 *     0000:00:05.0              findings
 *       dma live bytes          counter
 *       dma mappings            slices: as many lanes of this name as mappings are live at once, which the UI shows as one
 */
import type { PacketWriter } from './packets.js';

/** The part of the tables that all tracks go by. */
export interface Place {
  readonly capture: number;
  readonly device: string | null;
  readonly layer: string;
}

const NO_DEVICE = 'no device known';

export class Tracks {
  private readonly numbers = new Map<string, number>();
  private readonly free = new Map<string, number[]>();

  /** `captures`: their names; a track for each is above the devices when there are several. */
  constructor(
    private readonly packets: PacketWriter,
    private readonly captures: readonly string[],
  ) {}

  device({ capture, device }: Pick<Place, 'capture' | 'device'>): number {
    const parent = this.captures.length < 2 ? undefined : this.capture(capture);
    return this.once(`device ${capture} ${device}`, device ?? NO_DEVICE, parent);
  }

  counter(place: Place): number {
    const key = `counter ${place.capture} ${place.layer} ${place.device}`;
    return this.once(key, `${place.layer} live bytes`, this.device(place), true);
  }

  /** A lane that has no slice open. Slices of one track must nest, and mappings do not. */
  takeLane(place: Place): number {
    const lane = this.free.get(keyOf(place))?.pop();
    return lane ?? this.packets.track({ name: `${place.layer} mappings`, parent: this.device(place) });
  }

  giveLane(place: Place, lane: number): void {
    const lanes = this.free.get(keyOf(place));
    if (lanes === undefined) this.free.set(keyOf(place), [lane]);
    else lanes.push(lane);
  }

  private capture(capture: number): number {
    return this.once(`capture ${capture}`, `capture ${capture}: ${this.captures[capture]}`);
  }

  private once(key: string, name: string, parent?: number, isCounter = false): number {
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.packets.track({ name, isCounter, ...(parent === undefined ? {} : { parent }) });
    this.numbers.set(key, number);
    return number;
  }
}

const keyOf = ({ capture, device, layer }: Place): string => `${capture} ${layer} ${device}`;
