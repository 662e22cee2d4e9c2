package awsprovider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"mediaserver/tests/internal/provider"
)

type certificateValidationInputs struct {
	CertificateArn        string   `pulumi:"certificateArn"`
	ValidationRecordFqdns []string `pulumi:"validationRecordFqdns,optional"`
}

const (
	// validationPause is how long to wait between two looks at a certificate, and
	// validationLooks how often to look. The emulator needs a moment.
	validationPause = 50 * time.Millisecond
	validationLooks = 40
)

// Rules: terraform-provider-aws, internal/service/acm/certificate_validation.go.
var acmCertificateValidation = &kind[certificateValidationInputs, none]{
	Token:   "aws:acm/certificateValidation:CertificateValidation",
	Replace: []string{"certificateArn", "validationRecordFqdns"},
	Create:  awaitCertificate,
	Read:    readCertificateValidation,
	// Nothing was made that could be deleted.
	Delete: func(context.Context, *api, string, *certificateValidationInputs, *none) error { return nil },
}

func awaitCertificate(ctx context.Context, client *api, in *certificateValidationInputs) (string, error) {
	for look := 1; ; look++ {
		found, err := client.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &in.CertificateArn})
		if err != nil {
			return "", fmt.Errorf("reading ACM Certificate (%s): %w", in.CertificateArn, err)
		}
		if err := checkValidation(found.Certificate, in.ValidationRecordFqdns); err != nil {
			return "", err
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

// checkValidation refuses a certificate that needs no validation, and names that
// leave out a record that it needs.
func checkValidation(certificate *types.CertificateDetail, names []string) error {
	if certificate.Type != types.CertificateTypeAmazonIssued {
		return fmt.Errorf("ACM Certificate (%s) has type %s, no validation necessary", deref(certificate.CertificateArn), certificate.Type)
	}
	if len(names) == 0 {
		return nil
	}
	for _, option := range certificate.DomainValidationOptions {
		needed := strings.TrimSuffix(deref(option.ResourceRecord.Name), ".")
		if !slices.ContainsFunc(names, func(name string) bool { return strings.TrimSuffix(name, ".") == needed }) {
			return fmt.Errorf("missing %s DNS validation record: %s", deref(option.DomainName), needed)
		}
	}
	return nil
}

func readCertificateValidation(ctx context.Context, client *api, _ string, in *certificateValidationInputs, _ *none) error {
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
