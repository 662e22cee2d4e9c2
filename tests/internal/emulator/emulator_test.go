package emulator

import (
	"net"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

func TestTheEmulatorListensOnTheLoopbackInterfaceAloneAndEndsWhenClosed(t *testing.T) {
	emulator, err := Start(t.Context(), Options{BinDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer emulator.Close()
	address, err := url.Parse(emulator.URL())
	if err != nil {
		t.Fatal(err)
	}
	if host := address.Hostname(); host != "127.0.0.1" {
		t.Errorf("the emulator is at %s, want 127.0.0.1", host)
	}
	if err := emulator.Close(); err != nil {
		t.Fatal(err)
	}
	if connection, err := net.Dial("tcp", address.Host); err == nil {
		connection.Close()
		t.Errorf("%s still accepts connections after Close", address.Host)
	}
}

func TestTheUsersOwnAWSSettingsDoNotReachTheEmulator(t *testing.T) {
	t.Setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
	emulator, err := Start(t.Context(), Options{BinDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer emulator.Close()
	account := aws.Config{
		Region:       "eu-west-2",
		BaseEndpoint: aws.String(emulator.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	if _, err := cloudwatchlogs.NewFromConfig(account).DescribeLogGroups(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
