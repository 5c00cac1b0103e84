-- An address, or any whole number, in hex: `0xffd4a000`.
CREATE MACRO addr_hex(addr) AS printf('0x%x', addr);
