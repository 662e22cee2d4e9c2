package main

import (
	"fmt"
	"regexp"
)

const (
	// emailLimit is the longest e-mail address that can be delivered to (RFC 5321).
	emailLimit = 254
	// emailsLimit is how many addresses may get alarms. More of them belong behind a
	// mailing list, or behind a topic that its owners manage.
	emailsLimit = 10
	// idleTimeout is how many seconds the load balancer waits for an answer before it
	// gives up. It is AWS's default, which the stack keeps.
	idleTimeout = 60
)

var (
	// emailPattern is the part of RFC 5321 that mailboxes use: no quotes, no
	// comments, no addresses of hosts.
	emailPattern = regexp.MustCompile(`^[A-Za-z0-9_+'&=~-]+(\.[A-Za-z0-9_+'&=~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$`)
	// topicArnPattern captures the partition and the region. The name of a
	// FIFO topic ends in .fifo, which no standard topic's name can (Amazon SNS API
	// reference, CreateTopic).
	topicArnPattern = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|aws-eusc):sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)
)

// areNotTooMany refuses more addresses than one stack should know.
func areNotTooMany(r *settingsReader, key string, addresses []string) {
	r.check(key, addresses, len(addresses) <= emailsLimit,
		fmt.Sprintf("must be at most %d addresses: put more behind a mailing list, or behind a topic of your own (alarmTopicArn)", emailsLimit))
}

func isEmailAddress(address string) bool {
	return len(address) <= emailLimit && emailPattern.MatchString(address)
}

// topicIsWithinReach refuses a topic to which the stack's alarms cannot send.
func (s *settings) topicIsWithinReach(r *settingsReader, key, topic string) {
	if r.environment == nil {
		return
	}
	arn := topicArnPattern.FindStringSubmatch(topic)
	partition, region := arn[1], arn[2]
	r.check(key, topic, partition == r.environment.partition && region == r.environment.region,
		fmt.Sprintf("must be a topic of the stack's own region, %s in the partition %s: an alarm can reach no other",
			r.environment.region, r.environment.partition))
	r.check(key, topic, topic != r.environment.arn("sns", s.alarmTopicName()),
		"must not be the stack's own topic, which alarmEmails creates and deletes")
}
