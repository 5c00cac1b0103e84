/**
 * Packets of a Perfetto trace.
 *
 * In: tracks, slices, instants, counter values. Out: a file of TracePackets, all of one sequence, whose names and texts are
 * interned: each is in the file once. The fields' numbers are those of Perfetto's protos/perfetto/trace.
 */
import { writeSync } from 'node:fs';
import { ProtobufWriter } from './protobuf.js';

/** trace.proto, trace_packet.proto */
const TRACE = { packet: 1 };
const PACKET = {
  timestamp: 8,
  sequence: 10,
  trackEvent: 11,
  internedData: 12,
  sequenceFlags: 13,
  trackDescriptor: 60,
};
const STATE_CLEARED = 1;
const NEEDS_STATE = 2;
/** track_event/track_descriptor.proto, counter_descriptor.proto */
const TRACK = { uuid: 1, name: 2, parent: 5, counter: 8, childOrdering: 11 };
const COUNTER = { unit: 3 };
const UNIT_SIZE_BYTES = 3;
const LEXICOGRAPHIC = 1;
/** track_event/track_event.proto */
const EVENT = { categories: 3, annotations: 4, type: 9, name: 10, track: 11, counterValue: 30 };
const EVENT_TYPES = { begin: 1, end: 2, instant: 3, counter: 4 };
/** track_event/debug_annotation.proto */
const ANNOTATION = { name: 1, uint: 3, int: 4, pointer: 7, text: 17 };
/** interned_data/interned_data.proto: the lists, and in each of their entries the number and the text. */
const INTERNED = { categories: 1, eventNames: 2, annotationNames: 3, texts: 29 };
const ENTRY = { iid: 1, text: 2 };

type InternedList = keyof typeof INTERNED;

/** `pointer`: shown in hex. */
export type ArgumentKind = 'uint' | 'int' | 'pointer' | 'text';

export interface Argument {
  readonly name: string;
  readonly kind: ArgumentKind;
  /** One that is null is left out. */
  readonly value: bigint | number | string | null;
}

export interface TrackEvent {
  readonly type: keyof typeof EVENT_TYPES;
  readonly track: number;
  /** In ns; before 0 it is 0, which is what the format can hold. */
  readonly ts: bigint;
  readonly name?: string;
  readonly category?: string;
  readonly counter?: bigint;
  readonly args?: readonly Argument[];
}

export interface Track {
  readonly name: string;
  readonly parent?: number;
  /** Its values are bytes. */
  readonly isCounter?: boolean;
}

const FLUSH_BYTES = 1 << 20;
const SEQUENCE = 1;

export class PacketWriter {
  private readonly out = new ProtobufWriter();
  private readonly interned = new Map<InternedList, Map<string, number>>();
  private fresh: { list: InternedList; iid: number; text: string }[] = [];
  private tracks = 0;

  constructor(private readonly fd: number) {
    this.packet(() => this.out.varint(PACKET.sequenceFlags, STATE_CLEARED));
  }

  /** Declares a track; its events come after. */
  track({ name, parent, isCounter }: Track): number {
    const uuid = ++this.tracks;
    const { out } = this;
    this.packet(() =>
      out.message(PACKET.trackDescriptor, () => {
        out.varint(TRACK.uuid, uuid);
        out.text(TRACK.name, name);
        if (parent !== undefined) out.varint(TRACK.parent, parent);
        if (isCounter === true) out.message(TRACK.counter, () => out.varint(COUNTER.unit, UNIT_SIZE_BYTES));
        else out.varint(TRACK.childOrdering, LEXICOGRAPHIC);
      }),
    );
    return uuid;
  }

  event(event: TrackEvent): void {
    const { out } = this;
    this.packet(() => {
      out.varint(PACKET.timestamp, event.ts < 0n ? 0n : event.ts);
      out.varint(PACKET.sequenceFlags, NEEDS_STATE);
      out.message(PACKET.trackEvent, () => this.eventFields(event));
      this.internedData();
    });
  }

  /** What is left to write. */
  end(): void {
    const bytes = this.out.take();
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
  }

  private packet(write: () => void): void {
    this.out.message(TRACE.packet, () => {
      this.out.varint(PACKET.sequence, SEQUENCE);
      write();
    });
    if (this.out.size >= FLUSH_BYTES) this.end();
  }

  private eventFields({ type, track, name, category, counter, args }: TrackEvent): void {
    const { out } = this;
    out.varint(EVENT.type, EVENT_TYPES[type]);
    out.varint(EVENT.track, track);
    if (category !== undefined) out.varint(EVENT.categories, this.intern('categories', category));
    if (name !== undefined) out.varint(EVENT.name, this.intern('eventNames', name));
    if (counter !== undefined) out.varint(EVENT.counterValue, counter);
    for (const { name: key, kind, value } of args ?? []) {
      if (value === null) continue;
      out.message(EVENT.annotations, () => {
        out.varint(ANNOTATION.name, this.intern('annotationNames', key));
        out.varint(ANNOTATION[kind], typeof value === 'string' ? this.intern('texts', value) : value);
      });
    }
  }

  /** The number of a text, which is written with the packet that has it first. */
  private intern(list: InternedList, text: string): number {
    const known = this.interned.get(list) ?? new Map<string, number>();
    this.interned.set(list, known);
    const old = known.get(text);
    if (old !== undefined) return old;
    const iid = known.size + 1;
    known.set(text, iid);
    this.fresh.push({ list, iid, text });
    return iid;
  }

  private internedData(): void {
    const { out, fresh } = this;
    if (fresh.length === 0) return;
    out.message(PACKET.internedData, () => {
      for (const { list, iid, text } of fresh)
        out.message(INTERNED[list], () => {
          out.varint(ENTRY.iid, iid);
          out.text(ENTRY.text, text);
        });
    });
    this.fresh = [];
  }
}
