// The program of the tests' clones creates a log group, which is protected if clone:protect is set. While there is a
// file named hold, it then does not end, and makes a file named holding.
package main

import (
	"os"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, protect := ctx.GetConfig("clone:protect")
		group, err := cloudwatch.NewLogGroup(ctx, "group", &cloudwatch.LogGroupArgs{Name: pulumi.String("/clone")},
			pulumi.Protect(protect))
		if err != nil {
			return err
		}
		ctx.Export("groupName", group.Name.ApplyT(func(name string) string {
			for _, err := os.Stat("hold"); err == nil; _, err = os.Stat("hold") {
				_ = os.WriteFile("holding", nil, 0o600)
				time.Sleep(time.Millisecond)
			}
			return name
		}))
		return nil
	})
}
