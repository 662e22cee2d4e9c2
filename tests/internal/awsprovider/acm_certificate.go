package awsprovider

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"mediaserver/tests/internal/provider"
)

type certificateInputs struct {
	DomainName       string            `pulumi:"domainName"`
	ValidationMethod string            `pulumi:"validationMethod"`
	Tags             map[string]string `pulumi:"tags,optional"`
}

type certificateOutputs struct {
	Arn                     string             `pulumi:"arn"`
	DomainValidationOptions []domainValidation `pulumi:"domainValidationOptions"`
	KeyAlgorithm            string             `pulumi:"keyAlgorithm"`
	Status                  string             `pulumi:"status"`
	Type                    string             `pulumi:"type"`
}

// domainValidation is the record that proves a domain to be the requester's.
type domainValidation struct {
	DomainName          string `pulumi:"domainName"`
	ResourceRecordName  string `pulumi:"resourceRecordName"`
	ResourceRecordType  string `pulumi:"resourceRecordType"`
	ResourceRecordValue string `pulumi:"resourceRecordValue"`
}

// certificateDomain is the form of a name that is certified; a common name has
// 64 characters at most (RFC 5280).
var certificateDomain = textRule{
	1, 64, regexp.MustCompile(`^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$`),
	"only labels of 1 to 63 letters, digits and inner hyphens, with a wildcard at most as the first, and no dot at the end",
}

// Rules: AWS Certificate Manager API reference, RequestCertificate and
// DeleteCertificate; terraform-provider-aws, internal/service/acm/certificate.go.
var acmCertificate = &kind[certificateInputs, certificateOutputs]{
	Token:   "aws:acm/certificate:Certificate",
	Replace: []string{"domainName", "validationMethod"},
	Check: func(in *certificateInputs, problems *provider.Problems) {
		certificateDomain.check(problems, "domainName", in.DomainName)
		// A validation by e-mail has no record. The emulator does not know that.
		checkOneOf(problems, "validationMethod", in.ValidationMethod, []string{"DNS"})
	},
	Create: createCertificate,
	Read:   readCertificate,
	Delete: deleteCertificate,
	SetTags: func(ctx context.Context, client *api, id string, _ *certificateOutputs, tags map[string]string) error {
		_, err := client.ACM.AddTagsToCertificate(ctx, &acm.AddTagsToCertificateInput{CertificateArn: &id, Tags: tagList(tags, acmTag)})
		return err
	},
	RemoveTags: func(ctx context.Context, client *api, id string, _ *certificateOutputs, keys []string) error {
		remove := make([]types.Tag, len(keys))
		for i := range keys {
			remove[i] = types.Tag{Key: &keys[i]}
		}
		_, err := client.ACM.RemoveTagsFromCertificate(ctx, &acm.RemoveTagsFromCertificateInput{CertificateArn: &id, Tags: remove})
		return err
	},
}

func acmTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func createCertificate(ctx context.Context, client *api, in *certificateInputs) (string, error) {
	request := &acm.RequestCertificateInput{DomainName: &in.DomainName, ValidationMethod: types.ValidationMethod(in.ValidationMethod)}
	// A request with an empty list of tags is refused.
	if len(in.Tags) > 0 {
		request.Tags = tagList(in.Tags, acmTag)
	}
	created, err := client.ACM.RequestCertificate(ctx, request)
	if err != nil {
		return "", err
	}
	return *created.CertificateArn, nil
}

func readCertificate(ctx context.Context, client *api, id string, in *certificateInputs, out *certificateOutputs) error {
	found, err := client.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &id})
	if err != nil {
		return err
	}
	observed := found.Certificate
	// The official provider takes one whose validation came too late for gone, so
	// that the next run requests another (findCertificateByARN).
	if observed.Status == types.CertificateStatusValidationTimedOut {
		return provider.ErrNotFound
	}
	observeRequired(&in.DomainName, observed.DomainName)
	out.Arn, out.Type, out.KeyAlgorithm = id, string(observed.Type), string(observed.KeyAlgorithm)
	out.DomainValidationOptions = []domainValidation{}
	for _, option := range observed.DomainValidationOptions {
		in.ValidationMethod = string(option.ValidationMethod)
		out.DomainValidationOptions = append(out.DomainValidationOptions, domainValidation{
			DomainName:          deref(option.DomainName),
			ResourceRecordName:  deref(option.ResourceRecord.Name),
			ResourceRecordType:  string(option.ResourceRecord.Type),
			ResourceRecordValue: deref(option.ResourceRecord.Value),
		})
	}
	status, err := certificateStatus(ctx, client, observed)
	if err != nil {
		return err
	}
	out.Status = string(status)
	tags, err := client.ACM.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: &id})
	if err != nil {
		return err
	}
	in.Tags = tagMap(tags.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	return nil
}

// certificateStatus is what AWS would say of a certificate: the emulator issues
// one that it made without a look at the DNS, AWS only once the record is there.
func certificateStatus(ctx context.Context, client *api, certificate *types.CertificateDetail) (types.CertificateStatus, error) {
	if certificate.Type != types.CertificateTypeAmazonIssued || certificate.Status != types.CertificateStatusIssued {
		return certificate.Status, nil
	}
	for _, option := range certificate.DomainValidationOptions {
		answers, err := publicAnswers(ctx, client, deref(option.ResourceRecord.Name), string(option.ResourceRecord.Type))
		if err != nil {
			return "", err
		}
		if len(answers) != 1 || answers[0] != deref(option.ResourceRecord.Value) {
			return types.CertificateStatusPendingValidation, nil
		}
	}
	return types.CertificateStatusIssued, nil
}

// errCertificateInUse is AWS's refusal to delete a certificate, which the
// official provider bears for 20 minutes.
var errCertificateInUse = errors.New("ResourceInUseException: a listener uses the certificate")

func deleteCertificate(ctx context.Context, client *api, id string, _ *certificateInputs, _ *certificateOutputs) error {
	balancers, err := client.LoadBalancing.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	if err != nil {
		return err
	}
	for _, balancer := range balancers.LoadBalancers {
		listeners, err := client.LoadBalancing.DescribeListeners(ctx,
			&elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: balancer.LoadBalancerArn})
		if err != nil {
			return err
		}
		for _, listener := range listeners.Listeners {
			for _, certificate := range listener.Certificates {
				if deref(certificate.CertificateArn) == id {
					return fmt.Errorf("%w: %s", errCertificateInUse, deref(listener.ListenerArn))
				}
			}
		}
	}
	_, err = client.ACM.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: &id})
	return err
}
