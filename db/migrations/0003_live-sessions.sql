CREATE TABLE `communities` (
	`slug` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`membership` text NOT NULL,
	`area` text NOT NULL,
	`created_at` integer NOT NULL,
	`synced_at` integer NOT NULL,
	`retired_at` integer
);
--> statement-breakpoint
CREATE TABLE `community_members` (
	`user_id` text NOT NULL,
	`community_slug` text NOT NULL,
	`state` text NOT NULL,
	`since` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `community_slug`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`community_slug`) REFERENCES `communities`(`slug`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "community_members_state" CHECK(state IN ('requested', 'joined', 'left', 'declined'))
);
--> statement-breakpoint
CREATE INDEX `community_members_community` ON `community_members` (`community_slug`,`state`,`since`,`user_id`);--> statement-breakpoint
CREATE TABLE `survey_questions` (
	`id` text PRIMARY KEY NOT NULL,
	`community_slug` text NOT NULL,
	`position` integer NOT NULL,
	`kind` text NOT NULL,
	`text` text NOT NULL,
	`options` text DEFAULT '[]' NOT NULL,
	`created_at` integer NOT NULL,
	`retired_at` integer,
	FOREIGN KEY (`community_slug`) REFERENCES `communities`(`slug`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `survey_questions_community` ON `survey_questions` (`community_slug`,`position`);--> statement-breakpoint
CREATE TABLE `survey_responses` (
	`user_id` text NOT NULL,
	`community_slug` text NOT NULL,
	`answers` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `community_slug`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`community_slug`) REFERENCES `communities`(`slug`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `survey_responses_community` ON `survey_responses` (`community_slug`,`updated_at`);--> statement-breakpoint
CREATE TABLE `calendar_feeds` (
	`user_id` text PRIMARY KEY NOT NULL,
	`token_hash` text NOT NULL,
	`scope` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `calendar_feeds_tokenHash_unique` ON `calendar_feeds` (`token_hash`);--> statement-breakpoint
CREATE TABLE `live_session_communities` (
	`live_session_id` text NOT NULL,
	`community_slug` text NOT NULL,
	`starts_at` integer NOT NULL,
	PRIMARY KEY(`live_session_id`, `community_slug`),
	FOREIGN KEY (`live_session_id`) REFERENCES `live_sessions`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`community_slug`) REFERENCES `communities`(`slug`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `live_session_communities_next` ON `live_session_communities` (`community_slug`,`starts_at`);--> statement-breakpoint
CREATE TABLE `live_session_people` (
	`live_session_id` text NOT NULL,
	`user_id` text NOT NULL,
	`part` text NOT NULL,
	PRIMARY KEY(`live_session_id`, `user_id`),
	FOREIGN KEY (`live_session_id`) REFERENCES `live_sessions`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `live_session_people_user` ON `live_session_people` (`user_id`);--> statement-breakpoint
CREATE TABLE `live_sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`title` text NOT NULL,
	`focus` text DEFAULT '' NOT NULL,
	`details` text DEFAULT '' NOT NULL,
	`starts_at` integer NOT NULL,
	`ends_at` integer NOT NULL,
	`time_zone` text NOT NULL,
	`wall_time` text NOT NULL,
	`meeting_link` text DEFAULT '' NOT NULL,
	`capacity` integer,
	`audience` text NOT NULL,
	`season_slug` text,
	`round` integer,
	`outside_reason` text DEFAULT '' NOT NULL,
	`deck_url` text DEFAULT '' NOT NULL,
	`pre_reading` text DEFAULT '' NOT NULL,
	`recording_url` text DEFAULT '' NOT NULL,
	`state` text NOT NULL,
	`cancel_reason` text DEFAULT '' NOT NULL,
	`sequence` integer DEFAULT 0 NOT NULL,
	`created_by_id` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`next_position` integer DEFAULT 1 NOT NULL,
	CONSTRAINT "live_sessions_times" CHECK(starts_at < ends_at),
	CONSTRAINT "live_sessions_capacity" CHECK(capacity IS NULL OR capacity > 0),
	CONSTRAINT "live_sessions_round" CHECK(round IS NULL OR round BETWEEN 1 AND 4)
);
--> statement-breakpoint
CREATE INDEX `live_sessions_start` ON `live_sessions` (`starts_at`);--> statement-breakpoint
CREATE INDEX `live_sessions_state_start` ON `live_sessions` (`state`,`starts_at`);--> statement-breakpoint
CREATE INDEX `live_sessions_audience_start` ON `live_sessions` (`audience`,`starts_at`);--> statement-breakpoint
CREATE TABLE `reminder_progress` (
	`id` integer PRIMARY KEY NOT NULL,
	`done_until_at` integer NOT NULL,
	CONSTRAINT "reminder_progress_one" CHECK(id = 1)
);
--> statement-breakpoint
CREATE TABLE `reminder_settings` (
	`user_id` text PRIMARY KEY NOT NULL,
	`invitation_week` integer NOT NULL,
	`invitation_day` integer NOT NULL,
	`invitation_hour` integer NOT NULL,
	`reminder_week` integer NOT NULL,
	`reminder_day` integer NOT NULL,
	`reminder_hour` integer NOT NULL,
	`quiet_from` text,
	`quiet_until` text,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "reminder_settings_quiet" CHECK((quiet_from IS NULL) = (quiet_until IS NULL))
);
--> statement-breakpoint
CREATE TABLE `rsvps` (
	`live_session_id` text NOT NULL,
	`user_id` text NOT NULL,
	`answer` text NOT NULL,
	`position` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`live_session_id`, `user_id`),
	FOREIGN KEY (`live_session_id`) REFERENCES `live_sessions`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "rsvps_waiting" CHECK((answer = 'waiting') = (position IS NOT NULL))
);
--> statement-breakpoint
CREATE INDEX `rsvps_answer` ON `rsvps` (`live_session_id`,`answer`,`position`);--> statement-breakpoint
CREATE INDEX `rsvps_user` ON `rsvps` (`user_id`,`answer`);--> statement-breakpoint
CREATE UNIQUE INDEX `rsvps_position` ON `rsvps` (`live_session_id`,`position`) WHERE position IS NOT NULL;