package sandboxtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"mediaserver/tests/internal/awsclients"
)

// CreateZone gives an account a public hosted zone and returns its id.
func CreateZone(tb testing.TB, clients *awsclients.Clients, name string) string {
	tb.Helper()
	created, err := clients.Route53.CreateHostedZone(tb.Context(), &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name})
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimPrefix(*created.HostedZone.Id, "/hostedzone/")
}

// ImportCertificate gives an account a certificate for a domain that no stack owns, and returns its ARN.
func ImportCertificate(tb testing.TB, clients *awsclients.Clients, domain string) string {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: domain}, DNSNames: []string{domain},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	imported, err := clients.ACM.ImportCertificate(tb.Context(), &acm.ImportCertificateInput{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		PrivateKey:  pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return *imported.CertificateArn
}
