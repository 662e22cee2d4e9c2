package awsprovider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestASubscriptionThatNobodyConfirmedIsLeftToAWS(t *testing.T) {
	for _, test := range []struct {
		code, message string
		fine          bool
	}{
		{"InvalidParameter", "Invalid parameter: Cannot unsubscribe a subscription that is pending confirmation", true},
		{"InvalidParameter", "Invalid parameter: This subscription is pending confirmation", false},
		{"InvalidParameter", "Invalid parameter: SubscriptionArn", false},
		{"AuthorizationError", "Cannot unsubscribe a subscription that is pending confirmation", false},
	} {
		t.Run(test.message, func(t *testing.T) {
			unsubscribed := 0
			client := emulated(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
				if request.FormValue("Action") == "Unsubscribe" {
					unsubscribed++
				}
				writer.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(writer, `<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, test.code, test.message)
			}))
			arn := "arn:aws:sns:eu-west-2:123456789012:mediaserver-alarms:7c1f"
			inputs := marshal(t, map[string]any{
				"topic": "arn:aws:sns:eu-west-2:123456789012:mediaserver-alarms", "protocol": "email", "endpoint": "oncall@example.com",
			})
			_, err := client.Delete(t.Context(), &pulumirpc.DeleteRequest{
				Id: arn, Urn: "urn:pulumi:dev::mediaserver::aws:sns/topicSubscription:TopicSubscription::oncall@example.com",
				Properties: inputs, OldInputs: inputs,
			})
			if (err == nil) != test.fine || err != nil && !strings.Contains(err.Error(), test.message) {
				t.Errorf("the deletion ends with %v", err)
			}
			if unsubscribed != 1 {
				t.Errorf("the subscription was ended %d times", unsubscribed)
			}
		})
	}
}
