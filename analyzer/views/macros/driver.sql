-- Driver of a call stack, the module of its call site: `driver(open_stack)` is `nvme`. NULL: built into the kernel, or a capture that names no modules (text).
CREATE MACRO driver(stack) AS (SELECT nullif(regexp_extract(s.site, '\[(.+)\]$', 1), '') FROM stacks s WHERE s.id = stack);
