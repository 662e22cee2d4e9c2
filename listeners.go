package main

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// tlsPolicy accepts TLS 1.3, and TLS 1.2 with ciphers that have forward secrecy
	// and authenticated encryption. Clients that can do so get a key exchange that
	// resists quantum computers. AWS recommends it (Elastic Load Balancing user guide,
	// "Security policies for your Application Load Balancer"); an API call that names
	// no policy gets ELBSecurityPolicy-2016-08, which accepts TLS 1.0.
	tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
	// strictTransportSecurity makes browsers use only HTTPS for the domain, for a year
	// after each visit. It leaves out names below the domain, for which this stack
	// cannot promise anything.
	strictTransportSecurity = "max-age=31536000"
)

// listenersOutputs are the ways through the load balancer.
type listenersOutputs struct {
	// forwarding is the listener that ties the target group to the load balancer.
	// The service depends on it.
	forwarding pulumi.Resource
	// url is where users reach the application.
	url pulumi.StringOutput
}

// createListeners is the end of phase 8: the listener on port 80, which
// forwards to the target group. With a domain, a listener on port 443 forwards,
// and the one on port 80 redirects to it.
//
// The listener on port 80 stays the same resource either way, and follows last:
// on the way to HTTPS it redirects once port 443 and the name are there, and on
// the way back it forwards before Pulumi deletes what the program no longer has.
func createListeners(
	ctx *pulumi.Context, settings settings, loadBalancer loadBalancerOutputs, certificate pulumi.StringInput,
) (listenersOutputs, error) {
	forward := &lb.ListenerDefaultActionArgs{
		Type:           pulumi.String("forward"),
		TargetGroupArn: loadBalancer.targets.Arn,
	}
	if !settings.servesHTTPS() {
		listener, err := createHTTPListener(ctx, loadBalancer, forward)
		return listenersOutputs{
			forwarding: listener,
			url:        pulumi.Sprintf("http://%s", loadBalancer.balancer.DnsName),
		}, err
	}
	secure, err := lb.NewListener(ctx, "mediaserver-https", &lb.ListenerArgs{
		LoadBalancerArn: loadBalancer.balancer.Arn,
		Port:            pulumi.Int(httpsPort),
		Protocol:        pulumi.String("HTTPS"),
		CertificateArn:  certificate,
		SslPolicy:       pulumi.String(tlsPolicy),
		DefaultActions:  lb.ListenerDefaultActionArray{forward},
		RoutingHttpResponseStrictTransportSecurityHeaderValue: pulumi.String(strictTransportSecurity),
	})
	if err != nil {
		return listenersOutputs{}, fmt.Errorf("create listener mediaserver-https: %w", err)
	}
	beforeRedirect := []pulumi.Resource{secure}
	if settings.hostedZoneID != "" {
		alias, err := createAlias(ctx, settings, loadBalancer, secure)
		if err != nil {
			return listenersOutputs{}, err
		}
		beforeRedirect = append(beforeRedirect, alias)
	}
	_, err = createHTTPListener(ctx, loadBalancer, &lb.ListenerDefaultActionArgs{
		Type: pulumi.String("redirect"),
		Redirect: &lb.ListenerDefaultActionRedirectArgs{
			Protocol:   pulumi.String("HTTPS"),
			Host:       pulumi.String(settings.domainName),
			Port:       pulumi.String(strconv.Itoa(httpsPort)),
			Path:       pulumi.String("/#{path}"),
			Query:      pulumi.String("#{query}"),
			StatusCode: pulumi.String("HTTP_301"),
		},
	},
		// Nobody may be redirected before HTTPS answers.
		pulumi.DependsOn(beforeRedirect))
	return listenersOutputs{
		forwarding: secure,
		url:        pulumi.Sprintf("https://%s", settings.domainName),
	}, err
}

func createHTTPListener(
	ctx *pulumi.Context, loadBalancer loadBalancerOutputs, action *lb.ListenerDefaultActionArgs, options ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	created, err := lb.NewListener(ctx, "mediaserver", &lb.ListenerArgs{
		LoadBalancerArn: loadBalancer.balancer.Arn,
		Port:            pulumi.Int(httpPort),
		Protocol:        pulumi.String("HTTP"),
		DefaultActions:  lb.ListenerDefaultActionArray{action},
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("create listener mediaserver: %w", err)
	}
	return created, nil
}

// createAlias leads the domain to the load balancer, once HTTPS answers there.
func createAlias(
	ctx *pulumi.Context, settings settings, loadBalancer loadBalancerOutputs, secure pulumi.Resource,
) (pulumi.Resource, error) {
	created, err := route53.NewRecord(ctx, "mediaserver", &route53.RecordArgs{
		ZoneId: pulumi.String(settings.hostedZoneID),
		Name:   pulumi.String(settings.domainName),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
			Name:   loadBalancer.balancer.DnsName,
			ZoneId: loadBalancer.balancer.ZoneId,
			// There is no other place to send users to.
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
		// A record that exists already belongs to somebody.
		AllowOverwrite: pulumi.Bool(false),
	}, pulumi.DependsOn([]pulumi.Resource{secure}))
	if err != nil {
		return nil, fmt.Errorf("create record mediaserver: %w", err)
	}
	return created, nil
}
