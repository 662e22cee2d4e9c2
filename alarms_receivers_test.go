package main

import (
	"slices"
	"testing"
)

func TestTheTopicTakesMessagesFromTheAlarmsOfTheStackAlone(t *testing.T) {
	stack := run(t, toEmails)
	stack.wantInputs(t, "Topic alarms", object{"name": "mediaserver-alarms"})
	var alarms list
	for _, name := range alarmNames {
		alarms = append(alarms, alarmsArn+name)
	}
	stack.wantInputs(t, "TopicPolicy alarms", object{
		"arn": ownTopic,
		"policy": jsonText{object{"Version": "2012-10-17", "Statement": list{object{
			"Sid": "AlarmsOfThisStack", "Effect": "Allow",
			"Principal": object{"Service": "cloudwatch.amazonaws.com"},
			"Action":    list{"sns:Publish"}, "Resource": list{ownTopic},
			"Condition": object{
				"StringEquals": object{"aws:SourceAccount": testAccount},
				"ArnEquals":    object{"aws:SourceArn": alarms},
			},
		}}}},
	})
}

func TestTheTopicIsInThePartitionAndTheRegionOfTheStack(t *testing.T) {
	recorder := newRecorder()
	recorder.partition, recorder.region = "aws-us-gov", "us-gov-west-1"
	if err := recorder.deploy(with(toEmails, map[string]string{"name": "films"})); err != nil {
		t.Fatal(err)
	}
	policy := parseJSON(t, "policy", recorder.find(t, "TopicPolicy alarms").inputs["policy"]).(object)
	statement := policy["Statement"].(list)[0].(object)
	wantEqual(t, "resource", statement["Resource"], list{"arn:aws-us-gov:sns:us-gov-west-1:123456789012:films-alarms"})
	wantEqual(t, "first source", statement["Condition"].(object)["ArnEquals"].(object)["aws:SourceArn"].(list)[0],
		"arn:aws-us-gov:cloudwatch:us-gov-west-1:123456789012:alarm:films-server-errors")
}

func TestEachAddressIsSubscribedUnderItsOwnName(t *testing.T) {
	subscribed := func(emails string) []string {
		var names []string
		stack := run(t, map[string]string{"alarmEmails": emails})
		for _, r := range stack.records {
			if r.token == "aws:sns/topicSubscription:TopicSubscription" {
				names = append(names, r.name)
			}
		}
		slices.Sort(names)
		return names
	}
	want := []string{"oncall@example.com", "ops+media@example.com"}
	for _, emails := range []string{`["oncall@example.com","Ops+Media@example.com"]`, `["ops+media@example.com","oncall@example.com"]`} {
		if names := subscribed(emails); !slices.Equal(names, want) {
			t.Errorf("%s: the subscriptions are %v, want %v", emails, names, want)
		}
	}
	run(t, map[string]string{"alarmEmails": `["Ops@example.com"]`}).wantInputs(t, "TopicSubscription ops@example.com", object{
		"topic": ownTopic, "protocol": "email", "endpoint": "Ops@example.com",
	})
}

func TestATopicThatNoAlarmReachesIsRefused(t *testing.T) {
	for topic, rule := range map[string]string{
		"arn:aws:sns:eu-west-1:123456789012:ops":    "must be a topic of the stack's own region, eu-west-2 in the partition aws: an alarm can reach no other",
		"arn:aws-cn:sns:eu-west-2:123456789012:ops": "must be a topic of the stack's own region, eu-west-2 in the partition aws: an alarm can reach no other",
		ownTopic: "must not be the stack's own topic, which alarmEmails creates and deletes",
		"arn:aws-us-gov:sns:us-gov-west-1:123456789012:ops": "must be a topic of the stack's own region, eu-west-2 in the partition aws: an alarm can reach no other",
	} {
		for _, settings := range []map[string]string{{"alarmTopicArn": topic}, with(toEmails, map[string]string{"alarmTopicArn": topic})} {
			recorder := newRecorder()
			wantRefusal(t, recorder, recorder.deploy(settings), "mediaserver:alarmTopicArn: \""+topic+"\" "+rule)
		}
	}
	// Another account's topic may let this account's alarms in.
	run(t, map[string]string{"alarmTopicArn": "arn:aws:sns:eu-west-2:210987654321:ops"})
}

func TestWhatDoesNotFitTheAccountIsReportedAtOnce(t *testing.T) {
	recorder := newRecorder()
	wantRefusal(t, recorder, recorder.deploy(map[string]string{
		"alarmTopicArn":          "arn:aws:sns:eu-west-1:123456789012:ops",
		"permissionsBoundaryArn": "arn:aws:iam::210987654321:policy/mediaserver-boundary",
	}), "mediaserver:alarmTopicArn: ", "mediaserver:permissionsBoundaryArn: ")
}
