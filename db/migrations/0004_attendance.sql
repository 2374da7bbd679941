CREATE TABLE `attendance` (
	`live_session_id` text NOT NULL,
	`user_id` text NOT NULL,
	`mark` text NOT NULL,
	`minutes` integer,
	`source` text NOT NULL,
	`import_id` text,
	`confirmed_by_id` text,
	`confirmed_at` integer NOT NULL,
	PRIMARY KEY(`live_session_id`, `user_id`),
	FOREIGN KEY (`live_session_id`) REFERENCES `live_sessions`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`confirmed_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null,
	CONSTRAINT "attendance_minutes" CHECK(minutes IS NULL OR minutes BETWEEN 0 AND 1440),
	CONSTRAINT "attendance_mark" CHECK(mark IN ('live', 'recording', 'absent', 'excused'))
);
--> statement-breakpoint
CREATE INDEX `attendance_user` ON `attendance` (`user_id`,`mark`,`live_session_id`);--> statement-breakpoint
CREATE INDEX `attendance_import` ON `attendance` (`import_id`) WHERE import_id IS NOT NULL;--> statement-breakpoint
CREATE TABLE `attendance_aliases` (
	`community_slug` text NOT NULL,
	`alias` text NOT NULL,
	`decision` text NOT NULL,
	`user_id` text,
	`decided_by_id` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`community_slug`, `alias`),
	FOREIGN KEY (`community_slug`) REFERENCES `communities`(`slug`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`decided_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `attendance_aliases_user` ON `attendance_aliases` (`user_id`);--> statement-breakpoint
CREATE TABLE `attendance_changes` (
	`id` text PRIMARY KEY NOT NULL,
	`live_session_id` text NOT NULL,
	`user_id` text NOT NULL,
	`mark` text,
	`minutes` integer,
	`source` text NOT NULL,
	`import_id` text,
	`changed_by_id` text,
	`changed_at` integer NOT NULL,
	FOREIGN KEY (`live_session_id`) REFERENCES `live_sessions`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`changed_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `attendance_changes_one` ON `attendance_changes` (`live_session_id`,`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `attendance_changes_user` ON `attendance_changes` (`user_id`);--> statement-breakpoint
CREATE INDEX `attendance_changes_import` ON `attendance_changes` (`import_id`) WHERE import_id IS NOT NULL;--> statement-breakpoint
CREATE TABLE `attendance_imports` (
	`id` text PRIMARY KEY NOT NULL,
	`live_session_id` text NOT NULL,
	`file_name` text NOT NULL,
	`file_hash` text NOT NULL,
	`tool` text NOT NULL,
	`summary` text NOT NULL,
	`threshold_minutes` integer NOT NULL,
	`uploaded_by_id` text,
	`created_at` integer NOT NULL,
	`confirmed_at` integer,
	`confirmed_by_id` text,
	`undone_at` integer,
	`undone_by_id` text,
	FOREIGN KEY (`live_session_id`) REFERENCES `live_sessions`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`uploaded_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`confirmed_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`undone_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `attendance_imports_live_session` ON `attendance_imports` (`live_session_id`,`created_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `attendance_imports_once` ON `attendance_imports` (`live_session_id`,`file_hash`) WHERE undone_at IS NULL;--> statement-breakpoint
CREATE TABLE `attendance_rows` (
	`import_id` text NOT NULL,
	`line` integer NOT NULL,
	`name` text NOT NULL,
	`email` text NOT NULL,
	`minutes` integer NOT NULL,
	`joined_at` integer,
	`left_at` integer,
	`match` text NOT NULL,
	`decision` text NOT NULL,
	`user_id` text,
	PRIMARY KEY(`import_id`, `line`),
	FOREIGN KEY (`import_id`) REFERENCES `attendance_imports`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "attendance_rows_user" CHECK((decision = 'user') = (user_id IS NOT NULL))
);
--> statement-breakpoint
CREATE INDEX `attendance_rows_user` ON `attendance_rows` (`user_id`);--> statement-breakpoint
CREATE INDEX `attendance_rows_email` ON `attendance_rows` (`email`);--> statement-breakpoint
CREATE TABLE `attendance_settings` (
	`id` integer PRIMARY KEY NOT NULL,
	`threshold_minutes` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`updated_by_id` text,
	FOREIGN KEY (`updated_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null,
	CONSTRAINT "attendance_settings_one" CHECK(id = 1),
	CONSTRAINT "attendance_settings_threshold" CHECK(threshold_minutes BETWEEN 1 AND 480)
);
--> statement-breakpoint
CREATE TABLE `attendance_sheets` (
	`live_session_id` text PRIMARY KEY NOT NULL,
	`confirmed_at` integer NOT NULL,
	`confirmed_by_id` text,
	`import_id` text,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`live_session_id`) REFERENCES `live_sessions`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`confirmed_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE TABLE `nudges` (
	`id` text PRIMARY KEY NOT NULL,
	`school_id` text NOT NULL,
	`kind` text NOT NULL,
	`email` text NOT NULL,
	`user_id` text,
	`sent_by_id` text,
	`sent_at` integer NOT NULL,
	FOREIGN KEY (`school_id`) REFERENCES `schools`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`sent_by_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null,
	CONSTRAINT "nudges_kind" CHECK(kind IN ('activate', 'join-community', 'answer'))
);
--> statement-breakpoint
CREATE INDEX `nudges_email` ON `nudges` (`email`,`sent_at`);--> statement-breakpoint
CREATE INDEX `nudges_user` ON `nudges` (`user_id`,`sent_at`);--> statement-breakpoint
CREATE INDEX `nudges_sent_at` ON `nudges` (`sent_at`);--> statement-breakpoint
CREATE TABLE `recording_views` (
	`live_session_id` text NOT NULL,
	`user_id` text NOT NULL,
	`opened_at` integer NOT NULL,
	`watched_at` integer,
	PRIMARY KEY(`live_session_id`, `user_id`),
	FOREIGN KEY (`live_session_id`) REFERENCES `live_sessions`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `recording_views_user` ON `recording_views` (`user_id`);--> statement-breakpoint
CREATE TABLE `records` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`code_hash` text NOT NULL,
	`sealed_code` text,
	`title` text NOT NULL,
	`from_at` integer,
	`until_at` integer,
	`created_at` integer NOT NULL,
	`withdrawn_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "records_withdrawn" CHECK((sealed_code IS NULL) = (withdrawn_at IS NOT NULL))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `records_codeHash_unique` ON `records` (`code_hash`);--> statement-breakpoint
CREATE INDEX `records_user` ON `records` (`user_id`,`created_at`);--> statement-breakpoint
ALTER TABLE `users` ADD `last_seen_on` text;--> statement-breakpoint
-- Who has been signed in before this column was there was seen last on that day: of UTC, at most one beside the day of their own zone.
UPDATE `users` SET `last_seen_on` = (
	SELECT strftime('%Y-%m-%d', max(`last_used_at`) / 1000, 'unixepoch') FROM `login_sessions` WHERE `login_sessions`.`user_id` = `users`.`id`
);
