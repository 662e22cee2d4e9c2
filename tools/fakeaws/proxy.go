package fakeaws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Proxy is a proxy (HTTP_PROXY, HTTPS_PROXY) that leads every name to the account. certificate, in PEM, is what its
// clients have to trust for HTTPS (SSL_CERT_FILE). It is for the registry and for the hosts.
func (a *AWS) Proxy(hosts ...string) (proxy http.Handler, certificate []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fakeaws"}, DNSNames: append(hosts, RegistryHost),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	settings := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{signed}, PrivateKey: key}}}
	proxy = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodConnect {
			a.ServeHTTP(w, request)
			return
		}
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if _, err := io.WriteString(connection, "HTTP/1.1 200 Connection established\r\n\r\n"); err == nil {
			server := &http.Server{Handler: a, ErrorLog: discard}
			_ = server.Serve(&oneConnection{tls.Server(connection, settings)})
		}
	})
	return proxy, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), nil
}

// oneConnection is a listener that accepts one connection.
type oneConnection struct{ net.Conn }

func (o *oneConnection) Accept() (net.Conn, error) {
	if o.Conn == nil {
		return nil, net.ErrClosed
	}
	connection := o.Conn
	o.Conn = nil
	return connection, nil
}

func (o *oneConnection) Close() error   { return nil }
func (o *oneConnection) Addr() net.Addr { return &net.TCPAddr{} }
