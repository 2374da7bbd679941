-- The audit log only grows. REPLACE deletes without firing DELETE triggers, so the INSERT trigger has to refuse it.
CREATE TRIGGER `audit_events_no_update` BEFORE UPDATE ON `audit_events`
BEGIN
	SELECT RAISE(ABORT, 'audit_events is append-only: rows are never changed');
END;
--> statement-breakpoint
CREATE TRIGGER `audit_events_no_delete` BEFORE DELETE ON `audit_events`
BEGIN
	SELECT RAISE(ABORT, 'audit_events is append-only: rows are never deleted');
END;
--> statement-breakpoint
CREATE TRIGGER `audit_events_continue_chain` BEFORE INSERT ON `audit_events`
WHEN NEW.`position` IS NOT (SELECT coalesce(max(`position`), 0) + 1 FROM `audit_events`)
	OR NEW.`previous_hash` IS NOT (SELECT `hash` FROM `audit_events` ORDER BY `position` DESC LIMIT 1)
	OR EXISTS (SELECT 1 FROM `audit_events` WHERE `id` = NEW.`id`)
BEGIN
	SELECT RAISE(ABORT, 'audit_events is append-only: a new row continues the chain');
END;
