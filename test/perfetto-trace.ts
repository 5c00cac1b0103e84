/**
 * A Perfetto trace, read by protobufjs with the field numbers of `fixtures/perfetto/trace.proto`: as independent of the writer as can be.
 *
 * In: a file. Out: its tracks, and its events with their names in the place of the interned numbers.
 */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { inPackage } from '../traces/package-root.js';

export interface DecodedEvent {
  readonly type: string;
  readonly ts: bigint;
  readonly track: string;
  readonly name: string | undefined;
  readonly category: string | undefined;
  readonly counter: bigint | undefined;
  readonly args: Readonly<Record<string, string>>;
}

export interface DecodedTrack {
  readonly uuid: string;
  readonly name: string;
  readonly parent_uuid?: string;
  readonly counter?: { readonly unit: string };
}

interface Packet {
  timestamp?: string;
  trusted_packet_sequence_id: number;
  sequence_flags?: number;
  track_descriptor?: DecodedTrack;
  interned_data?: Record<string, { iid: string; name?: string; str?: string }[]>;
  track_event?: {
    type: string;
    track_uuid: string;
    name_iid?: string;
    category_iids?: string[];
    counter_value?: string;
    debug_annotations?: Record<string, string>[];
  };
}

const schema = protobuf.parse(
  readFileSync(inPackage('test', 'fixtures', 'perfetto', 'trace.proto'), 'utf8'),
  { keepCase: true },
);
const Trace = schema.root.lookupType('Trace');

export class PerfettoTrace {
  readonly tracks = new Map<string, DecodedTrack>();
  readonly events: DecodedEvent[] = [];
  private readonly names = new Map<string, string>();

  constructor(file: string) {
    const message = Trace.decode(readFileSync(file));
    const { packet } = Trace.toObject(message, { longs: String, enums: String }) as { packet: Packet[] };
    for (const one of packet) this.read(one);
  }

  private read({ interned_data = {}, track_descriptor, ...packet }: Packet): void {
    if (packet.trusted_packet_sequence_id !== 1) throw new Error('a packet without its sequence');
    for (const [list, entries] of Object.entries(interned_data))
      for (const { iid, name, str } of entries) {
        if (this.names.has(`${list} ${iid}`)) throw new Error(`${list} ${iid} is there twice`);
        this.names.set(`${list} ${iid}`, name ?? Buffer.from(str!).toString());
      }
    if (track_descriptor !== undefined) this.tracks.set(track_descriptor.uuid, track_descriptor);
    if (packet.track_event !== undefined) this.events.push(this.eventOf(packet));
  }

  private eventOf({ timestamp, track_event }: Packet): DecodedEvent {
    const {
      type,
      track_uuid,
      name_iid,
      category_iids = [],
      counter_value,
      debug_annotations = [],
    } = track_event!;
    if (!this.tracks.has(track_uuid)) throw new Error(`track ${track_uuid} is not declared`);
    return {
      type,
      ts: BigInt(timestamp!),
      track: track_uuid,
      name: name_iid === undefined ? undefined : this.name('event_names', name_iid),
      category: category_iids[0] === undefined ? undefined : this.name('event_categories', category_iids[0]),
      counter: counter_value === undefined ? undefined : BigInt(counter_value),
      args: Object.fromEntries(debug_annotations.map((one) => this.argument(one))),
    };
  }

  private argument({ name_iid, string_value_iid, ...numbers }: Record<string, string>): [string, string] {
    const value =
      string_value_iid === undefined
        ? Object.values(numbers)[0]!
        : this.name('debug_annotation_string_values', string_value_iid);
    return [this.name('debug_annotation_names', name_iid!), value];
  }

  private name(list: string, iid: string): string {
    const name = this.names.get(`${list} ${iid}`);
    if (name === undefined) throw new Error(`${list} ${iid} is used before it is told`);
    return name;
  }

  /** Names from the uppermost track to this one. */
  path(uuid: string): string[] {
    const track = this.tracks.get(uuid)!;
    return [...(track.parent_uuid === undefined ? [] : this.path(track.parent_uuid)), track.name];
  }
}
