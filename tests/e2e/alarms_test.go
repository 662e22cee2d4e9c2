package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"mediaserver/tests/internal/sandbox"
)

// Whom alarms notify: an address, and a topic that is not the stack's.
const (
	oncall     = "oncall@example.com"
	withEmail  = "mediaserver:alarmEmails[0]=" + oncall
	topicName  = "pages"
	topicArn   = "arn:aws:sns:" + sandbox.Region + ":" + sandbox.Account + ":" + topicName
	withTopic  = "mediaserver:alarmTopicArn=" + topicArn
	ourTopic   = "topic mediaserver-alarms"
	othersPage = "topic " + topicName
)

// alarmed is what the account holds of a stack with alarms for people, and the given things.
func alarmed(things ...string) []string {
	list := append(deployed("mediaserver"), things...)
	for _, name := range []string{
		"server-errors", "slow-responses", "no-healthy-target", "unhealthy-targets", "at-max-capacity", "high-memory",
	} {
		list = append(list, "alarm mediaserver-"+name)
	}
	slices.Sort(list)
	return list
}

// subscribed is how inventory lists an address that the stack's own topic notifies.
func subscribed(address string) string {
	return "email of " + address + " for topic mediaserver-alarms"
}

// createTopic creates a topic that is not the stack's.
func (d *deployment) createTopic() {
	d.t.Helper()
	if _, err := d.Clients().SNS.CreateTopic(d.t.Context(), &sns.CreateTopicInput{Name: aws.String(topicName)}); err != nil {
		d.t.Fatal(err)
	}
}

func TestAlarmsForAddressesAndATopicAreReadBackAndLeaveNothing(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.createTopic()
	d.Set(withEmail, "mediaserver:alarmEmails[1]=Ops@example.com", withTopic,
		"mediaserver:alarmErrorPercent=2", "mediaserver:alarmResponseSeconds=9", "mediaserver:minCapacity=0")
	d.Up()
	// Six alarms, a topic with its policy, and two subscriptions.
	d.checkManaged(-10)
	d.checkInventory(alarmed(ourTopic, subscribed(oncall), subscribed("Ops@example.com"), othersPage))
	d.checkValues(map[string]any{
		"alarmEmails": []string{oncall, "Ops@example.com"}, "alarmTopicArn": topicArn,
		"alarmErrorPercent": 2, "alarmResponseSeconds": 9, "minCapacity": 0,
	})
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.Must("preview", "--expect-no-changes")
	d.Must("destroy", "--yes", "--skip-preview")
	d.checkInventory(append(kept("mediaserver", 1), othersPage))
}

func TestAlarmsComeToARunningStackAndGoAgain(t *testing.T) {
	t.Parallel()
	d, proxy := newFaultyDeployment(t)
	d.Up()

	d.Set("mediaserver:alarmEmails[0]="+oncall, "mediaserver:alarmEmails[1]=ops@example.com")
	coming := []string{
		"create alarms (aws:sns/topic:Topic)",
		"create alarms (aws:sns/topicPolicy:TopicPolicy)",
		"create at-max-capacity (aws:cloudwatch/metricAlarm:MetricAlarm)",
		"create high-memory (aws:cloudwatch/metricAlarm:MetricAlarm)",
		"create no-healthy-target (aws:cloudwatch/metricAlarm:MetricAlarm)",
		"create oncall@example.com (aws:sns/topicSubscription:TopicSubscription)",
		"create ops@example.com (aws:sns/topicSubscription:TopicSubscription)",
		"create server-errors (aws:cloudwatch/metricAlarm:MetricAlarm)",
		"create slow-responses (aws:cloudwatch/metricAlarm:MetricAlarm)",
		"create unhealthy-targets (aws:cloudwatch/metricAlarm:MetricAlarm)",
		"update mediaserver (aws:cloudwatch/dashboard:Dashboard)",
		"update mediaserver (aws:ecs/service:Service)",
	}
	d.CheckPlan(coming...)
	seen := len(proxy.Actions())
	d.Up()
	calls := proxy.Actions()[seen:]
	// The service names the four alarms on the load balancer, so they must exist before it is updated.
	if told := slices.Index(calls, "UpdateService"); told < 0 || count(calls[:max(told, 0)], "PutMetricAlarm") < 4 {
		t.Errorf("the service was told of its alarms by call %d of %q", told, calls)
	}

	// Another order is the same list.
	d.Set("mediaserver:alarmEmails[0]=ops@example.com", "mediaserver:alarmEmails[1]="+oncall)
	d.Must("preview", "--expect-no-changes")
	d.Unset("mediaserver:alarmEmails[1]")
	d.CheckPlan("delete oncall@example.com (aws:sns/topicSubscription:TopicSubscription)")
	d.Up()
	d.checkInventory(alarmed(ourTopic, subscribed("ops@example.com")))

	d.createTopic()
	d.Set(withTopic)
	d.Unset("mediaserver:alarmEmails")
	d.Up()
	d.checkInventory(alarmed(othersPage))

	d.Unset("mediaserver:alarmTopicArn")
	var going []string
	for _, each := range coming {
		if !strings.Contains(each, "aws:sns/") {
			going = append(going, strings.Replace(each, "create ", "delete ", 1))
		}
	}
	d.CheckPlan(going...)
	seen = len(proxy.Actions())
	d.Up()
	calls = proxy.Actions()[seen:]
	told, deleted := slices.Index(calls, "UpdateService"), slices.Index(calls, "DeleteAlarms")
	if told < 0 || deleted < told {
		t.Errorf("the service was told by call %d, and the first alarm deleted by call %d:\n%q", told, deleted, calls)
	}
	remaining := append(deployed("mediaserver"), othersPage)
	slices.Sort(remaining)
	d.checkInventory(remaining)
}

// count is how often an action was called.
func count(calls []string, action string) int {
	return len(slices.DeleteFunc(slices.Clone(calls), func(call string) bool { return call != action }))
}
