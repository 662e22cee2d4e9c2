package readback

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

var domainResources = []resource{
	{key: "Certificate mediaserver", read: readCertificate, present: withIssuedCertificate},
	{key: "Record certificate-validation", read: readValidationRecord, present: withIssuedCertificate},
	{key: "CertificateValidation mediaserver", read: readCertificateValidation, present: withIssuedCertificate},
	{key: "Record mediaserver", read: readAlias, present: func(settings Settings) bool {
		return onADomain(settings) && settings.HostedZoneID != ""
	}},
}

// withIssuedCertificate tells whether the stack has a certificate of its own.
func withIssuedCertificate(settings Settings) bool {
	return onADomain(settings) && settings.CertificateARN == ""
}

func readCertificate(r *reader) {
	certificate := r.certificate()
	r.equal("domain", certificate.DomainName, r.Settings.DomainName)
	r.equal("names", certificate.SubjectAlternativeNames, []string{r.Settings.DomainName})
	r.equal("type", certificate.Type, "AMAZON_ISSUED")
	r.equal("validation", one(r, "validated names", certificate.DomainValidationOptions).ValidationMethod, "DNS")
	tags, err := r.ACM.ListTagsForCertificate(r.ctx, &acm.ListTagsForCertificateInput{CertificateArn: certificate.CertificateArn})
	r.answered(err)
	r.tags(texts(tags.Tags, func(tag acmtypes.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

func readCertificateValidation(r *reader) {
	r.equal("status", r.certificate().Status, "ISSUED")
}

func readValidationRecord(r *reader) {
	proof := present(r, "the record", one(r, "validated names", r.certificate().DomainValidationOptions).ResourceRecord)
	record := r.record(aws.ToString(proof.Name), types.RRType(proof.Type))
	r.equal("value", record.ResourceRecords, []types.ResourceRecord{{Value: proof.Value}})
	r.equal("time to live", record.TTL, 60)
}

func readAlias(r *reader) {
	balancer := r.loadBalancer()
	target := present(r, "the alias", r.record(r.Settings.DomainName, types.RRTypeA).AliasTarget)
	r.equal("target", strings.TrimSuffix(strings.ToLower(aws.ToString(target.DNSName)), "."), strings.ToLower(aws.ToString(balancer.DNSName)))
	r.equal("target's zone", target.HostedZoneId, balancer.CanonicalHostedZoneId)
	r.equal("evaluates the target's health", target.EvaluateTargetHealth, false)
}

// certificate is the one that the listener on port 443 has.
func (r *reader) certificate() acmtypes.CertificateDetail {
	arn := one(r, "certificates", r.listener(443).Certificates).CertificateArn
	found, err := r.ACM.DescribeCertificate(r.ctx, &acm.DescribeCertificateInput{CertificateArn: arn})
	r.answered(err)
	return present(r, "the certificate", found.Certificate)
}

// record is the record set of the zone with a name and a type.
func (r *reader) record(name string, recordType types.RRType) types.ResourceRecordSet {
	name = strings.TrimSuffix(name, ".") + "."
	found, err := r.Route53.ListResourceRecordSets(r.ctx, &route53.ListResourceRecordSetsInput{
		HostedZoneId: &r.Settings.HostedZoneID, StartRecordName: &name, StartRecordType: recordType,
	})
	r.answered(err)
	return one(r, "records of the name", slices.DeleteFunc(found.ResourceRecordSets, func(each types.ResourceRecordSet) bool {
		return aws.ToString(each.Name) != name || each.Type != recordType
	}))
}
