package awsprovider

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"mediaserver/tests/internal/provider"
)

var acmKinds = kinds{
	&kind[certificate]{
		Token:  "aws:acm/certificate:Certificate",
		Create: create[certificate]((*acm.Client).RequestCertificate, "CertificateArn"),
		Read:   readCertificate,
		Delete: remove[certificate]((*acm.Client).DeleteCertificate, "CertificateArn"),
		Tags: tagging("", "CertificateArn", (*acm.Client).AddTagsToCertificate, (*acm.Client).RemoveTagsFromCertificate,
			(*acm.Client).ListTagsForCertificate),
	},
	// Follows terraform-provider-aws, internal/service/acm/certificate_validation.go.
	&kind[certificateValidation]{
		Token:  "aws:acm/certificateValidation:CertificateValidation",
		Create: awaitCertificate,
		Read:   readCertificateValidation,
	},
}

type certificate struct {
	DomainName              string             `json:"domainName" pulumi:"replace"`
	ValidationMethod        string             `json:"validationMethod" pulumi:"replace"`
	Tags                    map[string]string  `json:"tags"`
	CertificateArn          string             `json:"arn" pulumi:"output"`
	DomainValidationOptions []domainValidation `json:"domainValidationOptions" pulumi:"output"`
}

// domainValidation is the record that proves a domain to be the requester's.
type domainValidation struct {
	DomainName string `json:"domainName"`
	Name       string `json:"resourceRecordName"`
	Type       string `json:"resourceRecordType"`
	Value      string `json:"resourceRecordValue"`
}

func readCertificate(ctx context.Context, client *api, id string, in *certificate) error {
	found, err := client.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &id})
	if err != nil {
		return err
	}
	observed := found.Certificate
	copyFields(observed, in)
	in.CertificateArn, in.DomainValidationOptions = id, []domainValidation{}
	for _, option := range observed.DomainValidationOptions {
		in.ValidationMethod = string(option.ValidationMethod)
		record := expanded[domainValidation](option.ResourceRecord)
		record.DomainName = deref(option.DomainName)
		in.DomainValidationOptions = append(in.DomainValidationOptions, *record)
	}
	return nil
}

// certificateStatus is what AWS would say of a certificate: the emulator issues one that it made without a look at the
// DNS, AWS only once the record is there.
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

type certificateValidation struct {
	CertificateArn        string   `json:"certificateArn" pulumi:"replace"`
	ValidationRecordFqdns []string `json:"validationRecordFqdns" pulumi:"replace"`
}

const (
	// validationPause is how long to wait between two looks at a certificate, and validationLooks how often to look.
	// The emulator needs a moment.
	validationPause = 50 * time.Millisecond
	validationLooks = 40
)

func awaitCertificate(ctx context.Context, client *api, in *certificateValidation) (string, error) {
	for look := 1; ; look++ {
		found, err := client.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &in.CertificateArn})
		if err != nil {
			return "", fmt.Errorf("reading ACM Certificate (%s): %w", in.CertificateArn, err)
		}
		status, err := certificateStatus(ctx, client, found.Certificate)
		switch {
		case err != nil:
			return "", err
		case status == types.CertificateStatusIssued:
			return deref(found.Certificate.IssuedAt).UTC().String(), nil
		case status != types.CertificateStatusPendingValidation || look == validationLooks:
			return "", fmt.Errorf("waiting for ACM Certificate (%s) to be issued: last state: %s", in.CertificateArn, status)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(validationPause):
		}
	}
}

func readCertificateValidation(ctx context.Context, client *api, _ string, in *certificateValidation) error {
	found, err := client.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &in.CertificateArn})
	if err != nil {
		return err
	}
	status, err := certificateStatus(ctx, client, found.Certificate)
	if err == nil && status != types.CertificateStatusIssued {
		err = provider.ErrNotFound
	}
	return err
}
