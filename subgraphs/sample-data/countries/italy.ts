import { type Country, nicknames, towns, words } from './country.ts';

/** People of Italy. */
export const ITALY: Country = {
  code: 'IT',
  name: 'Italy',
  ownName: 'Italia',
  femaleNames:
    words(`Maria, Anna, Giuseppina, Rosa, Angela, Giovanna, Teresa, Lucia, Carmela, Caterina, Francesca, Antonietta,
    Paola, Laura, Elena, Silvia, Chiara, Sara, Giulia, Martina, Valentina, Alessandra, Federica, Sofia, Aurora, Alice,
    Elisabetta, Margherita, Beatrice, Ilaria, Simona, Roberta, Daniela, Patrizia, Benedetta, Ludovica, Noemi`),
  maleNames:
    words(`Giuseppe, Giovanni, Antonio, Mario, Luigi, Francesco, Angelo, Vincenzo, Pietro, Salvatore, Carlo, Franco,
    Domenico, Bruno, Paolo, Michele, Giorgio, Aldo, Sergio, Luciano, Andrea, Marco, Alessandro, Matteo, Lorenzo, Davide,
    Simone, Federico, Riccardo, Gabriele, Stefano, Roberto, Fabio, Daniele, Leonardo, Niccolò, Gianluca, Tommaso, Edoardo`),
  familyNames:
    words(`Rossi, Russo, Ferrari, Esposito, Bianchi, Romano, Colombo, Ricci, Marino, Greco, Bruno, Gallo, Conti,
    De Luca, Mancini, Costa, Giordano, Rizzo, Lombardi, Moretti, Barbieri, Fontana, Santoro, Mariani, Rinaldi, Caruso,
    Ferrara, Galli, Martini, Leone, Longo, Gentile, Martinelli, Vitale, Lombardo, Serra, Coppola, De Santis, D'Angelo,
    Marchetti, Parisi, Villa, Conte, Ferraro, Ferri, Fabbri, Bianco, Marini, Grasso, Valentini, Messina, Sala, De Angelis,
    Gatti, Pellegrini, Palumbo, Sanna, Farina, Rizzi, Monti, Cattaneo, Morelli, Amato, Silvestri, Mazza, Testa, Grassi,
    Pellegrino, Carbone, Giuliani`),
  nicknames:
    nicknames(`Giuseppe Beppe, Giovanni Gianni, Francesco Franco, Salvatore Totò, Domenico Mimmo, Vincenzo Enzo,
    Antonio Tonino, Luigi Gigi, Alessandro Ale, Lorenzo Renzo, Giuseppina Pina, Francesca Franca, Giovanna Gianna,
    Elisabetta Betta, Margherita Rita, Alessandra Sandra, Federica Fede, Valentina Vale, Gabriele Lele, Leonardo Leo,
    Edoardo Edo, Tommaso Tommi, Daniele Dani, Caterina Rina, Michele Lino`),
  towns: towns(`
    Roma|RM|001%%
    Milano|MI|201%%
    Napoli|NA|801%%
    Torino|TO|101%%
    Palermo|PA|901%%
    Genova|GE|161%%
    Bologna|BO|401%%
    Firenze|FI|501%%
    Bari|BA|701%%
    Verona|VR|371%%
    Trieste|TS|341%%`),
  streets:
    words(`Via Roma, Via Garibaldi, Via Giuseppe Verdi, Corso Italia, Via Mazzini, Viale della Libertà, Via Dante,
    Piazza Cavour, Via Manzoni, Via dei Mille, Via San Francesco, Corso Vittorio Emanuele, Via Leopardi, Vicolo Stretto,
    Via della Repubblica`),
  femaleTitle: 'Sig.ra',
  maleTitle: 'Sig.',
  mailDomains: words('posta.example, casella.example, rete.example, webmail.example, example.com'),
  houseNumber: 'after',
  flat: 'Int.',
};
