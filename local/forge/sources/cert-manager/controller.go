package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	config "github.com/cert-manager/cert-manager/internal/apis/config/controller"
	"github.com/cert-manager/cert-manager/internal/controller/feature"
	"github.com/cert-manager/cert-manager/internal/pem"
	"github.com/cert-manager/cert-manager/pkg/controller"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	dnsutil "github.com/cert-manager/cert-manager/pkg/issuer/acme/dns/util"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/vault"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/venafi"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	utilfeature "github.com/cert-manager/cert-manager/pkg/util/feature"
)

const (
	controllerLease = "cert-manager-controller"
	controllerOwner = "cert-manager"
	politely        = 5 * time.Second
)

var errLostLease = errors.New("another one leads now")

func runController(ctx context.Context, arguments []string) error {
	c, err := controllerConfig(arguments)
	if err != nil {
		return err
	}
	limits := c.PEMSizeLimitsConfig
	pem.SetGlobalSizeLimits(pem.NewSizeLimitsFromConfig(
		limits.MaxCertificateSize, limits.MaxPrivateKeySize, limits.MaxChainLength, limits.MaxBundleSize,
	))
	factory, err := contextFactory(ctx, c)
	if err != nil {
		return err
	}
	base, err := factory.Build()
	if err != nil {
		return err
	}
	// Whatever ends ends all of it: the kubelet starts it anew.
	group, ctx := errgroup.WithContext(ctx)
	if err := serveMetrics(ctx, group, c, base); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.HealthzListenAddress)
	if err != nil {
		return fmt.Errorf("health address: %w", err)
	}
	health := healthz.NewServer(c.LeaderElectionConfig.HealthzTimeout)
	group.Go(func() error { return health.Start(ctx, listener) })

	elected := make(chan struct{})
	if c.LeaderElectionConfig.Enabled {
		group.Go(func() error { return lead(ctx, c, factory, health, elected) })
	} else {
		close(elected)
	}
	select {
	case <-ctx.Done():
		return group.Wait()
	case <-elected:
	}
	if err := startControllers(ctx, group, c, factory); err != nil {
		return err
	}
	done := ctx.Done()
	base.SharedInformerFactory.Start(done)
	base.KubeSharedInformerFactory.Start(done)
	base.HTTP01ResourceMetadataInformersFactory.Start(done)
	if c.GatewayAPIConfig.Enabled && utilfeature.DefaultFeatureGate.Enabled(feature.ExperimentalGatewayAPISupport) {
		base.GWShared.Start(done)
	}
	return group.Wait()
}

func startControllers(ctx context.Context, group *errgroup.Group, c *config.ControllerConfiguration, factory *controller.ContextFactory) error {
	enabled := enabledControllers(c)
	logf.FromContext(ctx).Info("starting controllers", "names", sets.List(enabled))
	for name, build := range controller.Known() {
		if !enabled.Has(name) {
			continue
		}
		one, err := build(factory)
		if err != nil {
			return fmt.Errorf("controller %s: %w", name, err)
		}
		group.Go(func() error { return one.Run(c.NumberOfConcurrentWorkers, ctx) })
	}
	return nil
}

func serveMetrics(ctx context.Context, group *errgroup.Group, c *config.ControllerConfiguration, base *controller.Context) error {
	listener, err := net.Listen("tcp", c.MetricsListenAddress)
	if err != nil {
		return fmt.Errorf("metrics address: %w", err)
	}
	informers := base.SharedInformerFactory
	base.Metrics.SetupACMECollector(informers.Acme().V1().Challenges().Lister())
	base.Metrics.SetupCertificateCollector(informers.Certmanager().V1().Certificates().Lister())
	base.Metrics.SetupIssuerCollector(informers.Certmanager().V1().Issuers().Lister())
	if enabledControllers(c).Has(clusterissuers.ControllerName) {
		base.Metrics.SetupClusterIssuerCollector(informers.Certmanager().V1().ClusterIssuers().Lister())
	}
	server := base.Metrics.NewServer(listener)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.Background(), politely)
		defer cancel()
		return server.Shutdown(ending)
	})
	return nil
}

// lead waits until this process leads, says so, and returns when it does no longer.
func lead(ctx context.Context, c *config.ControllerConfiguration, factory *controller.ContextFactory, health *healthz.Server, elected chan<- struct{}) error {
	own, err := factory.Build("leader-election")
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	settings := c.LeaderElectionConfig
	lock, err := resourcelock.NewWithLabels(
		resourcelock.LeasesResourceLock, settings.Namespace, controllerLease,
		own.Client.CoreV1(), own.Client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: host + "-" + controllerLease, EventRecorder: own.Recorder},
		map[string]string{"app.kubernetes.io/managed-by": controllerOwner},
	)
	if err != nil {
		return err
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   settings.LeaseDuration,
		RenewDeadline:   settings.RenewDeadline,
		RetryPeriod:     settings.RetryPeriod,
		ReleaseOnCancel: true,
		WatchDog:        health.LeaderHealthzAdaptor,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { close(elected) },
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	elector.Run(ctx)
	if ctx.Err() == nil {
		return errLostLease
	}
	return nil
}

func contextFactory(ctx context.Context, c *config.ControllerConfiguration) (*controller.ContextFactory, error) {
	solver, shim, dns := c.ACMEHTTP01Config, c.IngressShimConfig, c.ACMEDNS01Config
	if len(dns.RecursiveNameservers) == 0 {
		dns.RecursiveNameservers = dnsutil.RecursiveNameservers
	}
	var wrong []error
	quantity := func(text string) resource.Quantity {
		parsed, err := resource.ParseQuantity(text)
		wrong = append(wrong, err)
		return parsed
	}
	options := controller.ContextOptions{
		Kubeconfig:         c.KubeConfig,
		KubernetesAPIQPS:   c.KubernetesAPIQPS,
		KubernetesAPIBurst: c.KubernetesAPIBurst,
		APIServerHost:      c.APIServerHost,
		Namespace:          c.Namespace,
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverImage:                 solver.SolverImage,
			HTTP01SolverResourceRequestCPU:    quantity(solver.SolverResourceRequestCPU),
			HTTP01SolverResourceRequestMemory: quantity(solver.SolverResourceRequestMemory),
			HTTP01SolverResourceLimitsCPU:     quantity(solver.SolverResourceLimitsCPU),
			HTTP01SolverResourceLimitsMemory:  quantity(solver.SolverResourceLimitsMemory),
			ACMEHTTP01SolverRunAsNonRoot:      solver.SolverRunAsNonRoot,
			HTTP01SolverNameservers:           solver.SolverNameservers,
			HTTP01SolverExtraLabels:           solver.SolverExtraLabels,
			HTTP01SolverRuntimeClassName:      solver.SolverRuntimeClassName,
			DNS01Nameservers:                  dns.RecursiveNameservers,
			DNS01CheckRetryPeriod:             dns.CheckRetryPeriod,
			DNS01CheckAuthoritative:           !dns.RecursiveNameserversOnly,
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: c.MaxConcurrentChallenges},
		IssuerOptions: controller.IssuerOptions{
			ClusterIssuerAmbientCredentials: c.ClusterIssuerAmbientCredentials,
			IssuerAmbientCredentials:        c.IssuerAmbientCredentials,
			ClusterResourceNamespace:        c.ClusterResourceNamespace,
		},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerName:                 shim.DefaultIssuerName,
			DefaultIssuerKind:                 shim.DefaultIssuerKind,
			DefaultIssuerGroup:                shim.DefaultIssuerGroup,
			DefaultAutoCertificateAnnotations: shim.DefaultAutoCertificateAnnotations,
			ExtraCertificateAnnotations:       shim.ExtraCertificateAnnotations,
			GatewayAPIExtraProtocols:          sets.New(c.GatewayAPIConfig.ExtraProtocols...),
		},
		CertificateOptions: controller.CertificateOptions{
			EnableOwnerRef:                           c.EnableCertificateOwnerRef,
			CopiedAnnotationPrefixes:                 c.CopiedAnnotationPrefixes,
			CertificateRequestMinimumBackoffDuration: c.CertificateRequestMinimumBackoffDuration,
			CertificateRequestMaximumBackoffDuration: c.CertificateRequestMaximumBackoffDuration,
		},
		ConfigOptions: controller.ConfigOptions{EnableGatewayAPI: c.GatewayAPIConfig.Enabled},
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return controller.NewContextFactory(ctx, options)
}
