using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MqService.Harness;

/// <summary>What a server asks of a service, and shows it: a user with a password and few rights, and a certificate.</summary>
public sealed class ServerSecurity : IDisposable
{
    /// <summary>The only user there is.</summary>
    public const string User = "shop";

    private readonly string folder = Repository.NewScratchFolder("security");
    private readonly DateTimeOffset now = DateTimeOffset.UtcNow;
    private readonly X509Certificate2 authority = NewAuthority("The right authority");
    private readonly X509Certificate2 stranger = NewAuthority("Another authority");

    public ServerSecurity(string prefix)
    {
        Prefix = prefix;

        // Only the right one is known to the service.
        File.WriteAllText(CaFile, authority.ExportCertificatePem());
        Show(ServerCertificate.Valid);
    }

    /// <summary>What the names of the service's queues, topics and keys begin with.</summary>
    public string Prefix { get; }

    /// <summary>Nothing else looks like it: what must not show up anywhere can be searched for.</summary>
    public string Password { get; } = $"planted{Guid.NewGuid():N}";

    /// <summary>The authority that the service trusts.</summary>
    public string CaFile => Path.Combine(folder, "ca.pem");

    public string CertificateFile => Path.Combine(folder, "server.pem");

    public string KeyFile => Path.Combine(folder, "server.key");

    /// <summary>Both in one file, as Kafka wants them.</summary>
    public string CertificateAndKeyFile => Path.Combine(folder, "server-and-key.pem");

    /// <summary>From the next start of the server on.</summary>
    public void Show(ServerCertificate kind)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        if (kind is ServerCertificate.OfAnotherHost)
        {
            names.AddDnsName("elsewhere.example");
        }
        else
        {
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1")], false));
        var (from, to) = kind is ServerCertificate.Expired ? (now.AddHours(-2), now.AddHours(-1)) : (now.AddHours(-1), now.AddHours(24));
        using var certificate = request.Create(
            kind is ServerCertificate.OfAnotherAuthority ? stranger : authority, from, to, RandomNumberGenerator.GetBytes(8));
        var (certificatePem, keyPem) = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(CertificateFile, certificatePem);
        File.WriteAllText(KeyFile, keyPem);
        File.WriteAllText(CertificateAndKeyFile, $"{keyPem}\n{certificatePem}\n");
    }

    public void Dispose()
    {
        authority.Dispose();
        stranger.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static X509Certificate2 NewAuthority(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
    }
}

public enum ServerCertificate
{
    Valid,
    OfAnotherAuthority,
    OfAnotherHost,
    Expired,
}
