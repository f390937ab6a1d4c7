-- The rebuilt tables take the place of the live ones. Readers wait for the commit, which follows at once.
-- Locked in the order in which readers of several take them, so that neither waits for the other in a circle.
LOCK TABLE public.deadlines, public.cases, public.timers, public.alerts IN ACCESS EXCLUSIVE MODE;
DROP TABLE public.cases, public.deadlines, public.timers, public.alerts;
ALTER TABLE amends_rebuild.cases SET SCHEMA public;
ALTER TABLE amends_rebuild.deadlines SET SCHEMA public;
ALTER TABLE amends_rebuild.timers SET SCHEMA public;
ALTER TABLE amends_rebuild.alerts SET SCHEMA public;
DROP SCHEMA amends_rebuild;
