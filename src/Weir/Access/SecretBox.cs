using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Weir;

/// <summary>A secret cannot be sealed or opened: there is no master key, it is another one, or what was stored is damaged.</summary>
public sealed class SecretBoxException(string message) : Exception(message);

/// <summary>
/// Keeps secrets that must be used again (of webhooks, of providers) encrypted at rest, with AES-256-GCM under the master key (ACC-1).
/// A sealed secret names the key that sealed it, so a master key is changed by putting a new one before the old one.
/// </summary>
public sealed class SecretBox
{
    /// <summary>What <c>WEIR_MASTER_KEY</c> may be.</summary>
    public const string KeyForm = "32 random bytes in base64, as 'openssl rand -base64 32' makes them; to change the key, write the new one, a comma and the old one";

    /// <summary>The most keys at the same time.</summary>
    public const int MostKeys = 8;

    // The layout: version, id of the key, nonce, ciphertext, tag.
    private const byte Version = 1;
    private const int KeyBytes = 32;
    private const int IdBytes = 4;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeaderBytes = 1 + IdBytes + NonceBytes;

    private readonly ImmutableArray<(uint Id, byte[] Key)> _keys;

    /// <param name="masterKeys">As <see cref="KeyForm"/> says; null or empty for none.</param>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public SecretBox(string? masterKeys)
    {
        string[] texts = string.IsNullOrWhiteSpace(masterKeys) ? [] : masterKeys.Split(',', StringSplitOptions.TrimEntries);
        if (texts.Length > MostKeys)
        {
            throw new FormatException($"There are {texts.Length} master keys; at most {MostKeys} may stand side by side.");
        }

        _keys = [.. texts.Select(KeyOf)];
    }

    public bool HasKey => _keys.Length > 0;

    /// <summary>Encrypts under the first master key.</summary>
    /// <param name="purpose">What the secret is of. It opens only under the same purpose: a row that was moved elsewhere does not open.</param>
    /// <exception cref="SecretBoxException">There is no master key.</exception>
    public byte[] Seal(ReadOnlySpan<byte> secret, string purpose)
    {
        if (!HasKey)
        {
            throw new SecretBoxException("There is no master key: secrets are stored only encrypted. Start the server with WEIR_MASTER_KEY, " + KeyForm + ".");
        }

        byte[] box = new byte[HeaderBytes + secret.Length + TagBytes];
        (uint id, byte[] key) = _keys[0];
        box[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(box.AsSpan(1), id);
        Span<byte> nonce = box.AsSpan(1 + IdBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using AesGcm cipher = new(key, TagBytes);
        cipher.Encrypt(nonce, secret, box.AsSpan(HeaderBytes, secret.Length), box.AsSpan(HeaderBytes + secret.Length), Encoding.UTF8.GetBytes(purpose));
        return box;
    }

    /// <exception cref="SecretBoxException">The master key that sealed it is not here, or the box is not whole or not of this purpose.</exception>
    public byte[] Open(ReadOnlySpan<byte> box, string purpose)
    {
        if (box.Length < HeaderBytes + TagBytes || box[0] != Version)
        {
            throw new SecretBoxException("What is stored is not a sealed secret.");
        }

        uint id = BinaryPrimitives.ReadUInt32BigEndian(box[1..]);
        byte[] key = _keys.FirstOrDefault(known => known.Id == id).Key
            ?? throw new SecretBoxException($"The master key {id:x8} that sealed this secret is not among those of WEIR_MASTER_KEY.");
        byte[] secret = new byte[box.Length - HeaderBytes - TagBytes];
        using AesGcm cipher = new(key, TagBytes);
        try
        {
            cipher.Decrypt(box.Slice(1 + IdBytes, NonceBytes), box[HeaderBytes..^TagBytes], box[^TagBytes..], secret, Encoding.UTF8.GetBytes(purpose));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new SecretBoxException("A sealed secret has been changed, or it belongs elsewhere.");
        }

        return secret;
    }

    private static (uint Id, byte[] Key) KeyOf(string text)
    {
        Span<byte> master = stackalloc byte[KeyBytes];
        if (!Convert.TryFromBase64String(text, master, out int length) || length != KeyBytes)
        {
            throw new FormatException($"A master key is {KeyForm}.");
        }

        // The id tells nothing of the key: both come from the master key by derivation.
        byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, master.ToArray(), KeyBytes, info: "weir secret box"u8.ToArray());
        byte[] id = HKDF.DeriveKey(HashAlgorithmName.SHA256, master.ToArray(), IdBytes, info: "weir secret box id"u8.ToArray());
        CryptographicOperations.ZeroMemory(master);
        return (BinaryPrimitives.ReadUInt32BigEndian(id), key);
    }
}
