package awsprovider

import (
	"context"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"mediaserver/tests/internal/provider"
)

type listenerInputs struct {
	LoadBalancerArn string            `pulumi:"loadBalancerArn"`
	Port            int32             `pulumi:"port"`
	Protocol        string            `pulumi:"protocol"`
	CertificateArn  *string           `pulumi:"certificateArn,optional"`
	SslPolicy       *string           `pulumi:"sslPolicy,optional"`
	DefaultActions  []listenerAction  `pulumi:"defaultActions"`
	Tags            map[string]string `pulumi:"tags,optional"`

	StrictTransportSecurity *string `pulumi:"routingHttpResponseStrictTransportSecurityHeaderValue,optional"`
}

type listenerOutputs struct {
	Arn string `pulumi:"arn"`
}

var lbListener = &kind[listenerInputs, listenerOutputs]{
	Token:   "aws:lb/listener:Listener",
	Replace: []string{"loadBalancerArn"},
	Check:   checkListener,
	Create:  createListener,
	Finish:  setNewListenerAttributes,
	Read:    readListener,
	Update:  updateListener,
	Delete: func(ctx context.Context, client *api, id string, _ *listenerInputs, _ *listenerOutputs) error {
		_, err := client.LoadBalancing.DeleteListener(ctx, &elasticloadbalancingv2.DeleteListenerInput{ListenerArn: &id})
		return err
	},
	SetTags:    setLoadBalancingTags[listenerOutputs],
	RemoveTags: removeLoadBalancingTags[listenerOutputs],
}

func createListener(ctx context.Context, client *api, in *listenerInputs) (string, error) {
	if err := checkListenersCertificate(ctx, client, in); err != nil {
		return "", err
	}
	created, err := client.LoadBalancing.CreateListener(ctx, &elasticloadbalancingv2.CreateListenerInput{
		LoadBalancerArn: &in.LoadBalancerArn,
		Port:            &in.Port,
		Protocol:        types.ProtocolEnum(in.Protocol),
		Certificates:    in.certificates(),
		SslPolicy:       in.SslPolicy,
		DefaultActions:  in.actions(),
		Tags:            tagList(in.Tags, loadBalancingTag),
	})
	if err != nil {
		return "", err
	}
	return *created.Listeners[0].ListenerArn, nil
}

// checkListenersCertificate refuses a certificate that is not issued, which the
// emulator takes (Elastic Load Balancing API reference, UnsupportedCertificate).
func checkListenersCertificate(ctx context.Context, client *api, in *listenerInputs) error {
	if in.CertificateArn == nil {
		return nil
	}
	found, err := client.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: in.CertificateArn})
	if err != nil {
		return fmt.Errorf("CertificateNotFound: Certificate ARN '%s' not found: %w", *in.CertificateArn, err)
	}
	status, err := certificateStatus(ctx, client, found.Certificate)
	if err == nil && status != acmtypes.CertificateStatusIssued {
		err = fmt.Errorf("UnsupportedCertificate: The certificate '%s' must have a fully-qualified domain name, "+
			"a supported signature, and a supported key size; it is %s", *in.CertificateArn, status)
	}
	return err
}

func readListener(ctx context.Context, client *api, id string, in *listenerInputs, out *listenerOutputs) error {
	found, err := client.LoadBalancing.DescribeListeners(ctx,
		&elasticloadbalancingv2.DescribeListenersInput{ListenerArns: []string{id}})
	if err != nil {
		return err
	}
	if len(found.Listeners) == 0 {
		return provider.ErrNotFound
	}
	observed := found.Listeners[0]
	secure := observed.Protocol == types.ProtocolEnumHttps
	var certificate *string
	if len(observed.Certificates) > 0 {
		certificate = observed.Certificates[0].CertificateArn
	}
	if importing := in.LoadBalancerArn == ""; importing && secure {
		in.CertificateArn, in.SslPolicy, in.StrictTransportSecurity = certificate, observed.SslPolicy, new(string)
	}
	observeRequired(&in.LoadBalancerArn, observed.LoadBalancerArn)
	observeRequired(&in.Port, observed.Port)
	in.Protocol = string(observed.Protocol)
	if secure {
		provider.Observe(&in.CertificateArn, certificate)
		provider.Observe(&in.SslPolicy, observed.SslPolicy)
	}
	in.DefaultActions = observeActions(in.DefaultActions, observed.DefaultActions)
	out.Arn = id
	if err := observeListenerAttributes(ctx, client, id, in); err != nil {
		return err
	}
	return observeLoadBalancingTags(ctx, client, id, &in.Tags)
}

// updateListener calls what the official provider calls: ModifyListener where
// something other than tags and attributes changes, with the actions where they
// do, and ModifyListenerAttributes where an attribute does
// (terraform-provider-aws, internal/service/elbv2/listener.go,
// resourceListenerUpdate).
func updateListener(ctx context.Context, client *api, id string, old, in *listenerInputs, out *listenerOutputs) error {
	if old.modifiable(in) {
		if err := modifyListener(ctx, client, id, old, in); err != nil {
			return err
		}
	}
	if notFinished := out.Arn == ""; notFinished {
		return setNewListenerAttributes(ctx, client, id, in)
	}
	return setChangedListenerAttributes(ctx, client, id, old, in)
}

// modifiable says whether the other inputs differ in what ModifyListener sets.
func (in *listenerInputs) modifiable(other *listenerInputs) bool {
	before, after := *in, *other
	for _, each := range []*listenerInputs{&before, &after} {
		each.Tags, each.StrictTransportSecurity = nil, nil
	}
	return !reflect.DeepEqual(before, after)
}

func modifyListener(ctx context.Context, client *api, id string, old, in *listenerInputs) error {
	if deref(old.CertificateArn) != deref(in.CertificateArn) {
		if err := checkListenersCertificate(ctx, client, in); err != nil {
			return err
		}
	}
	changes := &elasticloadbalancingv2.ModifyListenerInput{
		ListenerArn:  &id,
		Port:         &in.Port,
		Protocol:     types.ProtocolEnum(in.Protocol),
		Certificates: in.certificates(),
		SslPolicy:    in.SslPolicy,
	}
	if !reflect.DeepEqual(old.DefaultActions, in.DefaultActions) {
		changes.DefaultActions = in.actions()
	}
	_, err := client.LoadBalancing.ModifyListener(ctx, changes)
	return err
}

func (in *listenerInputs) certificates() []types.Certificate {
	if in.CertificateArn == nil {
		return nil
	}
	return []types.Certificate{{CertificateArn: in.CertificateArn}}
}
