using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Acme._1.Tests;

/// <summary>The one host that sends and receives.</summary>
public sealed class ServiceHosts : IAsyncDisposable
{
    private readonly WebApplicationFactory<ProducerEntryPoint> _app;

    public ServiceHosts(IReadOnlyDictionary<string, string?> settings)
    {
        _app = new WebApplicationFactory<ProducerEntryPoint>().WithWebHostBuilder(host => host.UseSettings(settings));
        Producer = Consumer = _app.CreateClient();
    }

    public HttpClient Producer { get; }

    public HttpClient Consumer { get; }

    public IServiceProvider ProducerServices => _app.Services;

    public IServiceProvider ConsumerServices => _app.Services;

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
