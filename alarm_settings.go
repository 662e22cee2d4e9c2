package main

import (
	"fmt"
	"regexp"
	"strings"
)

const (
	// emailLimit is the longest e-mail address that can be delivered to (RFC 5321).
	emailLimit = 254
	// emailsLimit is how many addresses get alarms: more belong behind one address
	// of a mailing list, or behind a topic that its owners manage.
	emailsLimit = 10
	// idleTimeout is after how many seconds without an answer the load balancer
	// gives a request up; it is the default of AWS, which the stack keeps.
	idleTimeout = 60
)

var (
	// emailPattern is the part of RFC 5321 that mailboxes use: no quotes, no
	// comments, no addresses of hosts.
	emailPattern = regexp.MustCompile(`^[A-Za-z0-9_+'&=~-]+(\.[A-Za-z0-9_+'&=~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$`)
	// topicArnPattern has the partition and the region as its groups. The name of a
	// FIFO topic ends in .fifo, which no standard topic's name can (Amazon SNS API
	// reference, CreateTopic).
	topicArnPattern = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)
)

// alarmsOn tells whether anybody is to be told of alarms.
func (s settings) alarmsOn() bool {
	return len(s.alarmEmails) > 0 || s.alarmTopicArn != ""
}

// validateAlarms checks who is told of alarms, and when.
func (s settings) validateAlarms(reader *settingsReader) {
	reader.check("alarmEmails", s.alarmEmails, len(s.alarmEmails) <= emailsLimit,
		fmt.Sprintf("must be at most %d addresses: put more behind a mailing list, or behind a topic of your own (alarmTopicArn)", emailsLimit))
	first := map[string]int{}
	for i, address := range s.alarmEmails {
		key := fmt.Sprintf("alarmEmails[%d]", i)
		reader.check(key, address, len(address) <= emailLimit && emailPattern.MatchString(address),
			fmt.Sprintf("must be an e-mail address, NAME@DOMAIN, of at most %d letters, digits and _+'&=~-. characters", emailLimit))
		same := strings.ToLower(address)
		earlier, repeated := first[same]
		reader.check(key, address, !repeated,
			fmt.Sprintf("must not repeat alarmEmails[%d]; capitals do not make another address", earlier))
		if !repeated {
			first[same] = i
		}
	}
	reader.check("alarmTopicArn", s.alarmTopicArn, s.alarmTopicArn == "" || topicArnPattern.MatchString(s.alarmTopicArn),
		"must be the ARN of an Amazon SNS topic: arn:PARTITION:sns:REGION:ACCOUNT:NAME, and not of a FIFO topic, "+
			"to which only a sender that names a message group can publish")
	// At 100 percent the alarm could never be raised.
	reader.check("alarmErrorPercent", s.alarmErrorPercent, s.alarmErrorPercent >= 1 && s.alarmErrorPercent <= 99,
		"must be a percentage, from 1 to 99")
	reader.check("alarmResponseSeconds", s.alarmResponseSeconds, s.alarmResponseSeconds >= 1 && s.alarmResponseSeconds < idleTimeout,
		fmt.Sprintf("must be from 1 to %d seconds: after %d the load balancer gives a request up", idleTimeout-1, idleTimeout))
}

// validateAlarmsFor checks whether the alarms of the stack can reach the topic.
func (s settings) validateAlarmsFor(reader *settingsReader, environment environmentOutputs) {
	arn := topicArnPattern.FindStringSubmatch(s.alarmTopicArn)
	if arn == nil {
		return
	}
	partition, region := arn[1], arn[2]
	reader.check("alarmTopicArn", s.alarmTopicArn, partition == environment.partition && region == environment.region,
		fmt.Sprintf("must be a topic of the stack's own region, %s in the partition %s: an alarm reaches no other",
			environment.region, environment.partition))
	reader.check("alarmTopicArn", s.alarmTopicArn, s.alarmTopicArn != environment.arn("sns", s.alarmTopicName()),
		"must not be the stack's own topic, which alarmEmails makes and takes away")
}
