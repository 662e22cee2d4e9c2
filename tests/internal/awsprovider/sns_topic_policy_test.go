package awsprovider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestATopicWhosePolicyGoesHasTheOfficialPluginsDefault(t *testing.T) {
	const arn = "arn:aws:sns:eu-west-2:123456789012:mediaserver-alarms"
	var policy struct {
		Statement []struct{ Action []string }
	}
	emulator := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if err := json.Unmarshal([]byte(request.FormValue("AttributeValue")), &policy); err != nil {
			t.Error(err)
		}
		_, _ = fmt.Fprint(writer, `<SetTopicAttributesResponse/>`)
	}))
	defer emulator.Close()
	client, err := attach(t, emulator.URL, london)
	if err != nil {
		t.Fatal(err)
	}
	inputs := marshal(t, map[string]any{"arn": arn, "policy": topicPolicyText("Publish", arn)})
	if _, err := client.Delete(t.Context(), &pulumirpc.DeleteRequest{
		Id: arn, Urn: "urn:pulumi:dev::mediaserver::aws:sns/topicPolicy:TopicPolicy::alarms", Properties: inputs, OldInputs: inputs,
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic",
		"SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish", "SNS:Receive",
	}
	if len(policy.Statement) != 1 || !slices.Equal(policy.Statement[0].Action, want) {
		t.Errorf("the policy is %+v, want the actions %q", policy, want)
	}
}
