package main

import "regexp"

// idleTimeout is how many seconds the load balancer waits for an answer before it
// gives up. It is AWS's default, which the stack keeps.
const idleTimeout = 60

var (
	// emailPattern is the part of RFC 5321 that mailboxes use: no quotes, no
	// comments, no addresses of hosts.
	emailPattern = regexp.MustCompile(`^[A-Za-z0-9_+'&=~-]+(\.[A-Za-z0-9_+'&=~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$`)
	// topicArnPattern leaves out FIFO topics, whose names end in .fifo (Amazon SNS API
	// reference, CreateTopic).
	topicArnPattern = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|aws-eusc):sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)
)

// topicIsNotOwn refuses the topic that exists only while alarmEmails does.
func (s *settings) topicIsNotOwn(r *settingsReader, key, topic string) {
	r.check(key, topic, topic != r.environment.arn("sns", s.alarmTopicName()),
		"must not be the stack's own topic, which alarmEmails creates and deletes")
}
