// node's soap as a foreign peer: `peer.js server PORT CONTRACTS KEYS` serves, `peer.js client BASE CONTRACTS KEYS` calls and prints what happened.
const fs = require('fs');
const http = require('http');
const path = require('path');
const soap = require(path.join(process.env.SOAP_MODULES, 'soap'));

const [role, where, contracts, keys] = process.argv.slice(2);
const file = name => path.join(contracts, name);
const key = name => fs.readFileSync(path.join(keys, name), 'utf8');

const lines = order => [].concat(order.line)
    .map(line => `${line.sku}*${line.quantity}@${line.unitPrice.$value}${line.unitPrice.attributes.currency}`).join('|');

const sales = {SalesService: {SalesPort: {
    CreateSalesOrder(order, _, headers) {
        const system = headers && headers.Caller ? headers.Caller.system : '-';
        if (order.customer === 'BLOCKED') {
            throw {Fault: {faultcode: 'Client', faultstring: 'the customer is blocked',
                detail: {'ns1:BusinessFault': {attributes: {'xmlns:ns1': 'urn:example:erp:sales'},
                    'ns1:code': 'E42', 'ns1:message': 'blocked: ' + system, 'ns1:field': 'customer'}}}};
        }
        if (order.customer === 'CRASH') {
            throw new Error('broken');
        }
        return {salesOrderNumber: [order.orderId, system, lines(order)].join('|'), status: 'CREATED'};
    },
}}};
const legacy = {Quotes: {Quotes: {
    Price: asked => ({total: String(Number(asked.item.price) * Number(asked.quantity)), echo: asked.item}),
    Ping: () => ({alive: true}),
}}};

function serve() {
    const server = http.createServer((_, answer) => { answer.statusCode = 404; answer.end(); });
    const listening = [
        ['/orders', sales, 'erp.wsdl'], ['/orders12', sales, 'erp12.wsdl'], ['/legacy', legacy, 'quotes.wsdl'],
    ];
    server.listen(Number(where), '127.0.0.1', () => {
        for (const [at, services, wsdl] of listening) {
            soap.listen(server, at, services, fs.readFileSync(file(wsdl), 'utf8'), () => {});
        }
        const user = soap.listen(server, '/user', sales, fs.readFileSync(file('erp.wsdl'), 'utf8'), () => {});
        user.authenticate = security => {
            const token = security && security.UsernameToken;
            if (!token) { return false; }
            const password = token.Password;
            return token.Username === 'partner' && password.attributes.Type.endsWith('#PasswordDigest')
                && password.$value === digest(token.Nonce.$value || token.Nonce, token.Created);
        };
        console.log('ready');
    });
    process.stdin.on('end', () => process.exit(0)).resume();
}

function digest(nonce, created) {
    const hash = require('crypto').createHash('sha1');
    hash.update(Buffer.concat([Buffer.from(nonce, 'base64'), Buffer.from(created), Buffer.from('s3cret')]));
    return hash.digest('base64');
}

const order = customer => ({orderId: 'N1', customer, line: [
    {sku: 'x & <y>', quantity: 2, unitPrice: {attributes: {currency: 'EUR'}, $value: '12345678901234567.89'}},
    {sku: 'zw\u00f6lf', quantity: 1, unitPrice: {attributes: {currency: 'EUR'}, $value: '0.10'}},
]});

async function call() {
    const results = {};
    const run = async (name, one) => {
        try {
            results[name] = await one();
        } catch (error) {
            const fault = error.root && error.root.Envelope && error.root.Envelope.Body.Fault;
            results[name] = fault ? {fault} : {error: String(error)};
        }
    };
    const client = async (wsdl, at) => {
        const made = await soap.createClientAsync(file(wsdl), {}, where + at);
        if (wsdl.startsWith('erp')) {
            made.addSoapHeader({Caller: {system: 'node'}}, '', 'erp', 'urn:example:erp:sales');
        }
        return made;
    };
    for (const [name, wsdl] of [['orders', 'erp.wsdl'], ['orders12', 'erp12.wsdl']]) {
        const made = await soap.createClientAsync(file(wsdl), {forceSoap12Headers: name === 'orders12'}, `${where}/${name}`);
        made.addSoapHeader({Caller: {system: 'node'}}, '', 'erp', 'urn:example:erp:sales');
        await run(name, async () => (await made.CreateSalesOrderAsync(order('ALFKI')))[0]);
        for (const customer of ['BLOCKED', 'CRASH']) {
            await run(`${name} ${customer}`, async () => (await made.CreateSalesOrderAsync(order(customer)))[0]);
        }
        await run(`${name} invalid`, async () => {
            const broken = order('ALFKI');
            broken.line[0].quantity = 0;
            return (await made.CreateSalesOrderAsync(broken))[0];
        });
    }
    const quotes = await client('quotes.wsdl', '/legacy');
    await run('legacy', async () => (await quotes.PriceAsync({item: {sku: 'x', price: '19.99', tag: ['one']}, quantity: 3}))[0]);
    const files = await client('files.wsdl', '/files');
    await run('files', async () => (await files.StoreAsync({name: 'a', content: Buffer.alloc(10000, 7).toString('base64')}))[0]);
    await run('swa', async () => (await files.StoreAsync({name: 'a', content: Buffer.alloc(10000, 7).toString('base64')}, {
        attachments: [{mimetype: 'application/octet-stream', contentId: 'extra@node', name: 'extra.bin', body: Buffer.alloc(5000, 9)}]}))[0]);
    const secured = {
        user: new soap.WSSecurity('partner', 's3cret', {passwordType: 'PasswordDigest', hasTimeStamp: true}),
        usertext: new soap.WSSecurity('partner', 's3cret', {passwordType: 'PasswordText', hasTimeStamp: true}),
        signed: new soap.WSSecurityCert(key('them.key'), key('them.crt'), '', {
            hasTimeStamp: true, signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
            digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
            signerOptions: {prefix: 'ds', idMode: 'wssecurity', existingPrefixes: {wsse:
                'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'}}}),
    };
    for (const [kind, security] of Object.entries(secured)) {
        const made = await client('erp.wsdl', '/' + kind);
        await run(`${kind} missing`, async () => (await made.CreateSalesOrderAsync(order('ALFKI')))[0]);
        made.setSecurity(security);
        await run(kind, async () => (await made.CreateSalesOrderAsync(order('ALFKI')))[0]);
    }
    console.log(JSON.stringify(results));
}

role === 'server' ? serve() : call().catch(error => { console.error(error); process.exit(1); });
