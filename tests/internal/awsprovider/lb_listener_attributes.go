package awsprovider

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"mediaserver/tests/internal/provider"
)

const (
	strictTransportSecurityKey = "routing.http.response.strict_transport_security.header_value"
	serverHeaderKey            = "routing.http.response.server.enabled"
)

// setNewListenerAttributes sets the attributes of a new listener as the official
// provider does: each text that is stated, and every true or false, stated or not.
// The one such attribute says whether answers carry the header server. It is not
// stated, so that each new listener is told false
// (terraform-provider-aws, internal/service/elbv2/listener.go,
// resourceListenerCreate and listenerAttributeMap.expand).
func setNewListenerAttributes(ctx context.Context, client *api, arn string, in *listenerInputs) error {
	return modifyListenerAttributes(ctx, client, arn, map[string]string{
		serverHeaderKey: "false", strictTransportSecurityKey: deref(in.StrictTransportSecurity),
	})
}

// setChangedListenerAttributes sets what is stated anew. As with the official
// provider, an attribute that is no longer stated stays (terraform-provider-aws#43042).
func setChangedListenerAttributes(ctx context.Context, client *api, arn string, old, in *listenerInputs) error {
	value := deref(in.StrictTransportSecurity)
	if value == deref(old.StrictTransportSecurity) {
		return nil
	}
	return modifyListenerAttributes(ctx, client, arn, map[string]string{strictTransportSecurityKey: value})
}

// modifyListenerAttributes sets attributes, but for those without a value, and
// calls nothing where none is left.
func modifyListenerAttributes(ctx context.Context, client *api, arn string, values map[string]string) error {
	var attributes []types.ListenerAttribute
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] != "" {
			attributes = append(attributes, types.ListenerAttribute{Key: &key, Value: aws.String(values[key])})
		}
	}
	if len(attributes) == 0 {
		return nil
	}
	_, err := client.LoadBalancing.ModifyListenerAttributes(ctx,
		&elasticloadbalancingv2.ModifyListenerAttributesInput{ListenerArn: &arn, Attributes: attributes})
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
