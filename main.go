// Command mediaserver is a Pulumi program that builds the AWS infrastructure of
// a media server: 36 resources in the default VPC of a region, from the bucket
// that holds the media to the dashboard that shows how it is served.
//
// Each phase takes the outputs of the phases that it builds on as its inputs and
// returns its own outputs. The phases and steps in their comments are those of
// docs/resources.md.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(deploy)
}

// deploy registers the whole stack and exports its outputs.
func deploy(ctx *pulumi.Context) error {
	outputs, err := createStack(ctx)
	if err != nil {
		return err
	}
	for name, value := range outputs {
		ctx.Export(name, value)
	}
	return nil
}

// createStack runs the phases in the order in which they depend on each other
// and returns the outputs of the stack. Settings and the account are checked
// before the first resource is registered. The application's deploy script reads
// the outputs, so their names are a contract. None of them is a secret.
func createStack(ctx *pulumi.Context) (pulumi.Map, error) {
	settings, err := loadSettings(ctx)
	if err != nil {
		return nil, err
	}
	environment, err := discoverEnvironment(ctx, settings)
	if err != nil {
		return nil, err
	}
	if err := settings.validateFor(ctx, environment); err != nil {
		return nil, err
	}
	securityGroups, err := createSecurityGroups(ctx, settings, securityGroupsInputs{environment})
	if err != nil {
		return nil, err
	}
	loadBalancer, err := createLoadBalancer(ctx, settings, loadBalancerInputs{environment, securityGroups})
	if err != nil {
		return nil, err
	}
	certificate, err := createCertificate(ctx, settings, certificateInputs{environment})
	if err != nil {
		return nil, err
	}
	listeners, err := createListeners(ctx, settings, listenersInputs{loadBalancer, certificate})
	if err != nil {
		return nil, err
	}
	randomValues, err := createRandomValues(ctx, settings)
	if err != nil {
		return nil, err
	}
	storage, err := createStorage(ctx, settings, storageInputs{randomValues})
	if err != nil {
		return nil, err
	}
	parameters, err := createParameters(ctx, settings, parametersInputs{environment, randomValues, storage})
	if err != nil {
		return nil, err
	}
	logGroups, err := createLogGroups(ctx, settings)
	if err != nil {
		return nil, err
	}
	roles, err := createRoles(ctx, settings, rolesInputs{environment, storage, parameters, logGroups})
	if err != nil {
		return nil, err
	}
	registry, err := createRegistry(ctx, settings, registryInputs{roles})
	if err != nil {
		return nil, err
	}
	cluster, err := createCluster(ctx, settings, clusterInputs{listeners})
	if err != nil {
		return nil, err
	}
	taskDefinition, err := createTaskDefinition(ctx, settings,
		taskDefinitionInputs{environment, storage, registry, roles, parameters, logGroups})
	if err != nil {
		return nil, err
	}
	receivers, err := createReceivers(ctx, settings, receiversInputs{environment})
	if err != nil {
		return nil, err
	}
	trafficAlarms, err := createTrafficAlarms(ctx, settings, trafficAlarmsInputs{environment, loadBalancer, logGroups, receivers})
	if err != nil {
		return nil, err
	}
	service, err := createService(ctx, settings,
		serviceInputs{environment, securityGroups, loadBalancer, listeners, roles, cluster, taskDefinition, trafficAlarms})
	if err != nil {
		return nil, err
	}
	if err := createScaling(ctx, settings, scalingInputs{service}); err != nil {
		return nil, err
	}
	taskAlarms, err := createTaskAlarms(ctx, settings, taskAlarmsInputs{environment, loadBalancer, service, receivers})
	if err != nil {
		return nil, err
	}
	dashboard, err := createDashboard(ctx, settings,
		dashboardInputs{environment, loadBalancer, service, storage, trafficAlarms, taskAlarms})
	if err != nil {
		return nil, err
	}
	return pulumi.Map{
		"albDnsName":           loadBalancer.dnsName,
		"appUrl":               listeners.url,
		"bucketName":           storage.bucketName,
		"ecrRepositoryUrl":     registry.repositoryURL,
		"ecsClusterName":       service.clusterName,
		"ecsServiceName":       service.serviceName,
		"taskDefinitionArn":    taskDefinition.arn,
		"taskDefinitionFamily": taskDefinition.family,
		"containerName":        pulumi.String(taskDefinition.containerName),
		"containerPort":        pulumi.Int(settings.appPort),
		"logGroupName":         logGroups.ecs.Name,
		"appLogGroupName":      logGroups.app.Name,
		"dashboardName":        dashboard.name,
		"dashboardUrl":         dashboard.url,
		"region":               pulumi.String(environment.region),
		"jwtSecretParameter":   parameters.jwtSecretName,
		"appConfigParameter":   parameters.appConfigName,
		"bucketNameParameter":  parameters.bucketNameName,
	}, nil
}
