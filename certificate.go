package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// validationRecordTTL is how long, in seconds, resolvers keep the record that
	// proves that the domain is ours. It is short, so that a correction is seen soon.
	validationRecordTTL = 60
	// validationMinutes ends the wait for the certificate. AWS issues it within
	// minutes if the zone is delegated, and never if it is not. The provider would
	// wait 75 minutes, longer than the hour for which a workflow has the credentials
	// of its role.
	validationMinutes = 45
	// validationNotice is how long the wait may take until a message says what
	// the update is waiting for.
	validationNotice = 5 * time.Second
)

// createCertificate gives the domain its certificate: the given one, or one
// that AWS issues and renews. AWS takes a record in the domain's zone as proof
// that the domain is ours, and reads it again for each renewal. The ARN is known
// once the certificate is valid; nil without a domain.
func createCertificate(ctx *pulumi.Context, settings settings, environment environmentOutputs) (pulumi.StringInput, error) {
	if !settings.servesHTTPS() {
		return nil, nil
	}
	if !settings.requestsCertificate() {
		return pulumi.String(settings.certificateArn), nil
	}
	// Another domain means another certificate, and Pulumi makes that one before
	// it deletes this one.
	certificate, err := acm.NewCertificate(ctx, "mediaserver", &acm.CertificateArgs{
		DomainName:       pulumi.String(settings.domainName),
		ValidationMethod: pulumi.String("DNS"),
	})
	if err != nil {
		return nil, fmt.Errorf("create certificate mediaserver: %w", err)
	}
	proof := certificate.DomainValidationOptions.Index(pulumi.Int(0))
	record, err := route53.NewRecord(ctx, "certificate-validation", &route53.RecordArgs{
		ZoneId:  pulumi.String(settings.hostedZoneID),
		Name:    proof.ResourceRecordName().Elem(),
		Type:    proof.ResourceRecordType().Elem(),
		Records: pulumi.StringArray{proof.ResourceRecordValue().Elem()},
		Ttl:     pulumi.Int(validationRecordTTL),
		// AWS asks for the same record for every certificate that this account has for
		// the domain, in any region. So a record that exists already has this value.
		AllowOverwrite: pulumi.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("create record certificate-validation: %w", err)
	}
	validation, err := acm.NewCertificateValidation(ctx, "mediaserver", &acm.CertificateValidationArgs{
		CertificateArn:        certificate.Arn,
		ValidationRecordFqdns: pulumi.StringArray{record.Fqdn},
	}, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: fmt.Sprintf("%dm", validationMinutes)}))
	if err != nil {
		return nil, fmt.Errorf("create validation of certificate mediaserver: %w", err)
	}
	if !ctx.DryRun() {
		announceValidation(ctx, waitMessage(settings, environment.hostedZone), record, validation)
	}
	return validation.CertificateArn, nil
}

// announceValidation logs a message if the certificate is not valid soon after
// its record is there. An update that has nothing to wait for is silent.
func announceValidation(ctx *pulumi.Context, message string, record *route53.Record, validation *acm.CertificateValidation) {
	valid := make(chan struct{})
	validation.CertificateArn.ApplyT(func(string) struct{} {
		close(valid)
		return struct{}{}
	})
	record.Fqdn.ApplyT(func(string) struct{} {
		go func() {
			select {
			case <-valid:
			case <-time.After(validationNotice):
				// There is nobody to tell if the message cannot be delivered.
				_ = ctx.Log.Info(message, &pulumi.LogArgs{Resource: record})
			}
		}()
		return struct{}{}
	})
}

func waitMessage(settings settings, zone hostedZone) string {
	return fmt.Sprintf("Waiting until AWS has seen the record in the zone %s and has issued the certificate for %s: "+
		"a few minutes as a rule, %d at most. If it takes longer, compare the answer of `dig +short NS %s` with the name servers of the zone (%s); "+
		"docs/operating.md says more under \"A certificate that is not issued\".",
		zone.name, settings.domainName, validationMinutes, zone.name, strings.Join(zone.nameServers, ", "))
}
