package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"mediaserver/tests/internal/provider"
)

const strictTransportSecurityKey = "routing.http.response.strict_transport_security.header_value"

// setListenerAttributes sets what is stated. As with the official provider, an
// attribute that is no longer stated stays (terraform-provider-aws#43042).
// That one also writes routing.http.response.server.enabled for each new listener,
// as false where it is not stated (internal/service/elbv2/listener.go,
// listenerAttributeMap.expand), so that any stack needs the right to. Nothing here
// reads that attribute.
func setListenerAttributes(ctx context.Context, client *api, arn string, in *listenerInputs) error {
	if in.StrictTransportSecurity == nil {
		return nil
	}
	_, err := client.LoadBalancing.ModifyListenerAttributes(ctx, &elasticloadbalancingv2.ModifyListenerAttributesInput{
		ListenerArn: &arn,
		Attributes:  []types.ListenerAttribute{{Key: aws.String(strictTransportSecurityKey), Value: in.StrictTransportSecurity}},
	})
	return err
}

func observeListenerAttributes(ctx context.Context, client *api, arn string, in *listenerInputs) error {
	found, err := client.LoadBalancing.DescribeListenerAttributes(ctx, &elasticloadbalancingv2.DescribeListenerAttributesInput{ListenerArn: &arn})
	if err != nil {
		return err
	}
	value := aws.String("")
	for _, attribute := range found.Attributes {
		if deref(attribute.Key) == strictTransportSecurityKey {
			value = attribute.Value
		}
	}
	provider.Observe(&in.StrictTransportSecurity, value)
	return nil
}
