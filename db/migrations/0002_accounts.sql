CREATE TABLE `address_changes` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`old_email` text NOT NULL,
	`new_email` text NOT NULL,
	`changed_at` integer NOT NULL,
	`undone_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `address_changes_user` ON `address_changes` (`user_id`);--> statement-breakpoint
CREATE INDEX `address_changes_changed_at` ON `address_changes` (`changed_at`);--> statement-breakpoint
CREATE TABLE `erasures` (
	`user_id` text PRIMARY KEY NOT NULL,
	`erased_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `first_steps` (
	`user_id` text NOT NULL,
	`step` text NOT NULL,
	`taken_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `first_steps_once` ON `first_steps` (`user_id`,`step`);--> statement-breakpoint
CREATE TABLE `login_sessions` (
	`id_hash` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	`authenticated_at` integer NOT NULL,
	`device` text NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `login_sessions_user` ON `login_sessions` (`user_id`);--> statement-breakpoint
CREATE INDEX `login_sessions_expiry` ON `login_sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `role_grants` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`scope_id` text DEFAULT '' NOT NULL,
	`granted_by_id` text,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "role_grants_role" CHECK(role IN ('staff', 'editor', 'ta', 'sam', 'host', 'member'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `role_grants_once` ON `role_grants` (`user_id`,`role`,`scope_id`);--> statement-breakpoint
CREATE INDEX `role_grants_scope` ON `role_grants` (`role`,`scope_id`);--> statement-breakpoint
CREATE TABLE `throttles` (
	`key` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`started_at` integer NOT NULL,
	`locked_until` integer,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `throttles_expiry` ON `throttles` (`expires_at`);--> statement-breakpoint
CREATE TABLE `tokens` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`subject_id` text NOT NULL,
	`email` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE INDEX `tokens_subject` ON `tokens` (`purpose`,`subject_id`);--> statement-breakpoint
CREATE INDEX `tokens_expiry` ON `tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`email_verified_at` integer NOT NULL,
	`password_hash` text NOT NULL,
	`name` text NOT NULL,
	`job_title` text DEFAULT '' NOT NULL,
	`subjects` text DEFAULT '' NOT NULL,
	`about` text DEFAULT '' NOT NULL,
	`workplace` text DEFAULT '' NOT NULL,
	`country` text DEFAULT '' NOT NULL,
	`time_zone` text NOT NULL,
	`languages` text DEFAULT '[]' NOT NULL,
	`links` text DEFAULT '[]' NOT NULL,
	`visibility` text DEFAULT '{}' NOT NULL,
	`picture_id` text,
	`person_slug` text,
	`code_of_conduct_version` text NOT NULL,
	`code_of_conduct_accepted_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`suspended_at` integer,
	`erasure_due_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_personSlug_unique` ON `users` (`person_slug`);--> statement-breakpoint
CREATE INDEX `users_name` ON `users` (`name`);--> statement-breakpoint
CREATE INDEX `users_created_at` ON `users` (`created_at`);--> statement-breakpoint
CREATE INDEX `users_picture` ON `users` (`picture_id`);--> statement-breakpoint
CREATE INDEX `users_erasure_due` ON `users` (`erasure_due_at`) WHERE erasure_due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `applications` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`email` text NOT NULL,
	`job_title` text NOT NULL,
	`workplace` text DEFAULT '' NOT NULL,
	`country` text NOT NULL,
	`time_zone` text NOT NULL,
	`communities` text DEFAULT '[]' NOT NULL,
	`message` text DEFAULT '' NOT NULL,
	`code_of_conduct_version` text NOT NULL,
	`digest` text NOT NULL,
	`coupon_id` text,
	`price` integer NOT NULL,
	`currency` text NOT NULL,
	`state` text NOT NULL,
	`accept_note` text DEFAULT '' NOT NULL,
	`decline_reason` text,
	`decided_at` integer,
	`decided_by_id` text,
	`paid_at` integer,
	`payment_note` text DEFAULT '' NOT NULL,
	`set_up_sent_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`coupon_id`) REFERENCES `coupons`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "applications_state" CHECK(state IN ('received', 'accepted', 'paid', 'joined', 'declined', 'withdrawn')),
	CONSTRAINT "applications_price" CHECK(price >= 0)
);
--> statement-breakpoint
CREATE INDEX `applications_state` ON `applications` (`state`,`created_at`);--> statement-breakpoint
CREATE INDEX `applications_email` ON `applications` (`email`);--> statement-breakpoint
CREATE UNIQUE INDEX `applications_once` ON `applications` (`digest`);--> statement-breakpoint
CREATE TABLE `coupons` (
	`id` text PRIMARY KEY NOT NULL,
	`code` text NOT NULL,
	`percent_off` integer NOT NULL,
	`uses_allowed` integer NOT NULL,
	`uses_taken` integer DEFAULT 0 NOT NULL,
	`last_valid_on` text,
	`note` text DEFAULT '' NOT NULL,
	`created_by_id` text,
	`created_at` integer NOT NULL,
	`ended_at` integer,
	CONSTRAINT "coupons_percent" CHECK(percent_off BETWEEN 1 AND 100),
	CONSTRAINT "coupons_uses" CHECK(uses_taken >= 0 AND uses_taken <= uses_allowed)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `coupons_code_unique` ON `coupons` (`code`);--> statement-breakpoint
CREATE TABLE `enquiries` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`email` text NOT NULL,
	`topic` text NOT NULL,
	`organisation` text DEFAULT '' NOT NULL,
	`country` text DEFAULT '' NOT NULL,
	`staff_count` integer,
	`message` text NOT NULL,
	`digest` text NOT NULL,
	`state` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "enquiries_state" CHECK(state IN ('new', 'in-progress', 'answered', 'closed')),
	CONSTRAINT "enquiries_staff_count" CHECK(staff_count IS NULL OR staff_count > 0)
);
--> statement-breakpoint
CREATE INDEX `enquiries_state` ON `enquiries` (`state`,`created_at`);--> statement-breakpoint
CREATE INDEX `enquiries_email` ON `enquiries` (`email`);--> statement-breakpoint
CREATE UNIQUE INDEX `enquiries_once` ON `enquiries` (`digest`);--> statement-breakpoint
CREATE TABLE `enquiry_notes` (
	`id` text PRIMARY KEY NOT NULL,
	`enquiry_id` text NOT NULL,
	`kind` text NOT NULL,
	`author_id` text,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`enquiry_id`) REFERENCES `enquiries`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `enquiry_notes_enquiry` ON `enquiry_notes` (`enquiry_id`);--> statement-breakpoint
CREATE TABLE `mail_attempts` (
	`id` text PRIMARY KEY NOT NULL,
	`mail_id` text NOT NULL,
	`at` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`transport` text NOT NULL,
	`error` text,
	FOREIGN KEY (`mail_id`) REFERENCES `outbox`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `mail_attempts_mail` ON `mail_attempts` (`mail_id`);--> statement-breakpoint
CREATE TABLE `mail_suppressions` (
	`email` text NOT NULL,
	`reason` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`email`, `reason`),
	CONSTRAINT "mail_suppressions_reason" CHECK(reason IN ('bounce', 'complaint', 'unsubscribe'))
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`id` text PRIMARY KEY NOT NULL,
	`dedupe_key` text NOT NULL,
	`kind` text NOT NULL,
	`to` text NOT NULL,
	`subject` text NOT NULL,
	`sealed_body` text,
	`optional` integer NOT NULL,
	`state` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`planned_at` integer NOT NULL,
	`next_attempt_at` integer NOT NULL,
	`leased_until` integer,
	`provider_id` text,
	`created_at` integer NOT NULL,
	`sent_at` integer,
	`failed_at` integer,
	CONSTRAINT "outbox_state" CHECK(state IN ('waiting', 'sending', 'sent', 'failed', 'suppressed'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_dedupe` ON `outbox` (`dedupe_key`);--> statement-breakpoint
CREATE INDEX `outbox_due` ON `outbox` (`state`,`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `outbox_due_of_kind` ON `outbox` (`state`,`kind`,`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `outbox_created_at` ON `outbox` (`created_at`);--> statement-breakpoint
CREATE INDEX `outbox_sent_at` ON `outbox` (`sent_at`);--> statement-breakpoint
CREATE INDEX `outbox_to` ON `outbox` (`to`,`kind`,`planned_at`);--> statement-breakpoint
CREATE TABLE `activation_links` (
	`id` text PRIMARY KEY NOT NULL,
	`school_id` text NOT NULL,
	`token_hash` text NOT NULL,
	`sealed_token` text,
	`created_at` integer NOT NULL,
	`created_by_id` text,
	`ended_at` integer,
	`end_reason` text,
	FOREIGN KEY (`school_id`) REFERENCES `schools`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "activation_links_end" CHECK((ended_at IS NULL) = (end_reason IS NULL))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `activation_links_tokenHash_unique` ON `activation_links` (`token_hash`);--> statement-breakpoint
CREATE UNIQUE INDEX `activation_links_one_at_a_time` ON `activation_links` (`school_id`) WHERE ended_at IS NULL;--> statement-breakpoint
CREATE TABLE `invitations` (
	`id` text PRIMARY KEY NOT NULL,
	`school_id` text NOT NULL,
	`email` text NOT NULL,
	`name` text DEFAULT '' NOT NULL,
	`invited_by_id` text,
	`created_at` integer NOT NULL,
	`last_sent_at` integer NOT NULL,
	`sent_count` integer DEFAULT 1 NOT NULL,
	`activated_at` integer,
	`withdrawn_at` integer,
	FOREIGN KEY (`school_id`) REFERENCES `schools`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invitations_once` ON `invitations` (`school_id`,`email`);--> statement-breakpoint
CREATE INDEX `invitations_email` ON `invitations` (`email`);--> statement-breakpoint
CREATE TABLE `sam_offers` (
	`id` text PRIMARY KEY NOT NULL,
	`school_id` text NOT NULL,
	`email` text NOT NULL,
	`name` text NOT NULL,
	`offered_by_id` text,
	`created_at` integer NOT NULL,
	`last_sent_at` integer NOT NULL,
	`accepted_at` integer,
	`withdrawn_at` integer,
	FOREIGN KEY (`school_id`) REFERENCES `schools`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sam_offers_once` ON `sam_offers` (`school_id`,`email`);--> statement-breakpoint
CREATE TABLE `schools` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`country` text NOT NULL,
	`city` text NOT NULL,
	`time_zone` text NOT NULL,
	`membership_starts_on` text NOT NULL,
	`membership_ends_on` text NOT NULL,
	`seat_limit` integer,
	`email_domains` text DEFAULT '[]' NOT NULL,
	`partner_association` text DEFAULT '' NOT NULL,
	`paused_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "schools_seat_limit" CHECK(seat_limit IS NULL OR seat_limit > 0),
	CONSTRAINT "schools_year" CHECK(membership_starts_on <= membership_ends_on)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `schools_once` ON `schools` (`name`,`city`,`country`);--> statement-breakpoint
CREATE TABLE `sign_ups` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`name` text NOT NULL,
	`profile` text NOT NULL,
	`password_hash` text NOT NULL,
	`browser_hash` text NOT NULL,
	`school_id` text NOT NULL,
	`picture_id` text,
	`code_of_conduct_version` text NOT NULL,
	`invitation_id` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`school_id`) REFERENCES `schools`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `sign_ups_email` ON `sign_ups` (`email`);--> statement-breakpoint
CREATE INDEX `sign_ups_browser` ON `sign_ups` (`browser_hash`);--> statement-breakpoint
CREATE INDEX `sign_ups_expiry` ON `sign_ups` (`expires_at`);--> statement-breakpoint
CREATE INDEX `audit_events_action` ON `audit_events` (`action`,`position`);--> statement-breakpoint
CREATE INDEX `audit_events_actor` ON `audit_events` (`actor_id`,`position`);--> statement-breakpoint
CREATE INDEX `audit_events_subject` ON `audit_events` (`subject_id`,`position`);