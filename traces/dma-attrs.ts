/**
 * The names of DMA_ATTR_* bits, as every kernel so far has printed them.
 *
 * In: nothing. Out: name → bit. Text captures have names only, and a name may have moved or a bit changed its
 * name between kernels (bit 11), so one bit may have several; columns keep the bits.
 * Names: decode_dma_attrs() in include/trace/events/dma.h. Bits: include/linux/dma-mapping.h.
 */
export const DMA_ATTRS: Readonly<Record<string, number>> = {
  WEAK_ORDERING: 1 << 1,
  WRITE_COMBINE: 1 << 2,
  NO_KERNEL_MAPPING: 1 << 4,
  SKIP_CPU_SYNC: 1 << 5,
  FORCE_CONTIGUOUS: 1 << 6,
  ALLOC_SINGLE_PAGES: 1 << 7,
  NO_WARN: 1 << 8,
  PRIVILEGED: 1 << 9,
  MMIO: 1 << 10, // 6.18 …
  CACHE_CLEAN: 1 << 11,
  CACHELINES_OVERLAP: 1 << 11, // 7.2
  REQUIRE_COHERENT: 1 << 12, // 7.2
  CC_SHARED: 1 << 13, // 7.2
};
