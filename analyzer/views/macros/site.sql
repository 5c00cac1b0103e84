-- Call site of a call stack: `site(open_stack)`, `site(close_stack)`, `site(stack)` of an event. The same as joining `stacks` and taking its `site`.
CREATE MACRO site(stack) AS (SELECT s.site FROM stacks s WHERE s.id = stack);
